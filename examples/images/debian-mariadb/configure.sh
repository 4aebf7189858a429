#!/bin/sh
# Makes the data directory as user mysql, which Debian makes with the package that is left out. Whoever reaches the port may enter as root: it is one test's own machine.
set -eu
chroot "$1" groupadd --system mysql
chroot "$1" useradd --system --gid mysql --home-dir /var/lib/mysql --no-create-home --shell /usr/sbin/nologin mysql
chroot "$1" install -d -o mysql -g mysql -m 0755 /var/lib/mysql /srv/mysqld
# Without --force it wants to look the name of the building machine up.
chroot "$1" setpriv --reuid=mysql --regid=mysql --init-groups \
    /usr/bin/mariadb-install-db --no-defaults --datadir=/var/lib/mysql --auth-root-authentication-method=normal --force --skip-test-db --innodb-log-file-size=8M
rm -rf "$1"/var/log/* "$1"/var/cache/debconf/*-old "$1"/var/lib/dpkg/*-old
