# shellcheck shell=bash
# shellcheck disable=SC2034 # used by bin/images
# Tomcat 10 on OpenJDK 17, with one application that stores what is PUT to it and a page that is compiled when it is first asked for.
# Not made unless asked for by name or with --all.
tag=10
packages=(openjdk-17-jre-headless tomcat10-common)
opaque=(var/log)
config=(
    --config.user=www-data
    --config.workingdir=/srv/tomcat
    --config.env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    --config.env=LANG=C.UTF-8
    --config.exposedports=8080/tcp
    --config.stopsignal=SIGTERM
    --config.entrypoint=/usr/bin/java
    --config.cmd=-Xmx128m --config.cmd=-XX:+UseSerialGC --config.cmd=-XX:TieredStopAtLevel=1
    --config.cmd=-Dcatalina.home=/usr/share/tomcat10 --config.cmd=-Dcatalina.base=/srv/tomcat
    --config.cmd=-Djava.io.tmpdir=/srv/tomcat/temp
    --config.cmd=-cp --config.cmd=/usr/share/tomcat10/bin/bootstrap.jar:/usr/share/tomcat10/bin/tomcat-juli.jar
    --config.cmd=org.apache.catalina.startup.Bootstrap --config.cmd=start
)
