#!/bin/sh
set -eu
for directory in conf temp work logs webapps webapps/ROOT webapps/ROOT/WEB-INF; do
    chroot "$1" install -d -o www-data -g www-data -m 0755 "/srv/tomcat/$directory"
done
cat >"$1/srv/tomcat/conf/server.xml" <<'CONF'
<?xml version="1.0" encoding="UTF-8"?>
<Server port="-1">
  <Service name="Catalina">
    <Connector port="8080" protocol="HTTP/1.1" maxThreads="8" minSpareThreads="2"/>
    <Engine name="Catalina" defaultHost="localhost">
      <Host name="localhost" appBase="webapps" autoDeploy="false" deployOnStartup="true"/>
    </Engine>
  </Service>
</Server>
CONF
cat >"$1/srv/tomcat/webapps/ROOT/WEB-INF/web.xml" <<'CONF'
<?xml version="1.0" encoding="UTF-8"?>
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="5.0" metadata-complete="true">
  <servlet>
    <servlet-name>default</servlet-name>
    <servlet-class>org.apache.catalina.servlets.DefaultServlet</servlet-class>
    <init-param><param-name>readonly</param-name><param-value>false</param-value></init-param>
    <load-on-startup>1</load-on-startup>
  </servlet>
  <servlet>
    <servlet-name>jsp</servlet-name>
    <servlet-class>org.apache.jasper.servlet.JspServlet</servlet-class>
    <init-param><param-name>development</param-name><param-value>false</param-value></init-param>
    <load-on-startup>3</load-on-startup>
  </servlet>
  <servlet-mapping><servlet-name>default</servlet-name><url-pattern>/</url-pattern></servlet-mapping>
  <servlet-mapping><servlet-name>jsp</servlet-name><url-pattern>*.jsp</url-pattern></servlet-mapping>
</web-app>
CONF
# What generators of random numbers in a running JVM say, a line each: docs/security.md tells which of them repeat in every restore.
cat >"$1/srv/tomcat/webapps/ROOT/random.jsp" <<'JSP'
<%@ page contentType="text/plain" trimDirectiveWhitespaces="true" import="java.security.SecureRandom, java.util.Random, java.util.UUID, java.util.concurrent.ThreadLocalRandom" %>
<%!
    private static final SecureRandom PLATFORM = new SecureRandom();
    private static final SecureRandom DRBG = instance("DRBG");
    private static final SecureRandom SHA1PRNG = instance("SHA1PRNG");
    private static final Random RANDOM = new Random();

    private static SecureRandom instance(String algorithm) {
        try {
            return SecureRandom.getInstance(algorithm);
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
%>
UUID.randomUUID=<%= UUID.randomUUID() %>
SecureRandom=<%= PLATFORM.nextLong() %>
SecureRandom.DRBG=<%= DRBG.nextLong() %>
SecureRandom.SHA1PRNG=<%= SHA1PRNG.nextLong() %>
SecureRandom.made.now=<%= new SecureRandom().nextLong() %>
Random=<%= RANDOM.nextLong() %>
Random.made.now=<%= new Random().nextLong() %>
Math.random=<%= Math.random() %>
ThreadLocalRandom=<%= ThreadLocalRandom.current().nextLong() %>
HttpSession.getId=<%= session.getId() %>
identityHashCode=<%= System.identityHashCode(new Object()) %>
JSP
chroot "$1" chown -R www-data:www-data /srv/tomcat
rm -rf "$1"/var/log/* "$1"/var/cache/debconf/*-old "$1"/var/lib/dpkg/*-old
