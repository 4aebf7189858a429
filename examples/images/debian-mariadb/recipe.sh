# shellcheck shell=bash
# shellcheck disable=SC2034 # used by bin/images
# MariaDB 10.11, server and client without Debian's helpers in Perl, with a data directory made at build time. Not made unless asked for by name or with --all.
tag=10.11
packages=(mariadb-server-core mariadb-client-core passwd)
opaque=(var/log)
config=(
    --config.user=mysql
    --config.workingdir=/var/lib/mysql
    --config.env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    --config.env=LANG=C.UTF-8
    --config.exposedports=3306/tcp
    --config.stopsignal=SIGTERM
    --config.entrypoint=/usr/sbin/mariadbd
    --config.cmd=--datadir=/var/lib/mysql --config.cmd=--socket=/srv/mysqld/mysqld.sock
    --config.cmd=--bind-address=0.0.0.0 --config.cmd=--skip-name-resolve
    --config.cmd=--innodb-buffer-pool-size=32M --config.cmd=--innodb-log-file-size=8M --config.cmd=--skip-log-bin
)
