#!/bin/sh
# Makes the data directory as user postgres. Whoever reaches the port may enter: it is one test's own machine.
set -eu
data=/var/lib/postgresql/15/main
rm -rf "${1:?}$data"
chroot "$1" setpriv --reuid=postgres --regid=postgres --init-groups \
    env LANG=C.UTF-8 /usr/lib/postgresql/15/bin/initdb --auth=trust --encoding=UTF8 --locale=C.UTF-8 -D "$data"
cat >>"$1$data/pg_hba.conf" <<'HBA'
host    all             all             0.0.0.0/0               trust
host    all             all             ::/0                    trust
HBA
cat >>"$1$data/postgresql.conf" <<'CONF'
jit = off
log_destination = 'stderr'
logging_collector = off
CONF
chroot "$1" install -d -o postgres -g postgres -m 2775 /run/postgresql
rm -rf "$1"/var/log/* "$1"/var/cache/debconf/*-old "$1"/var/lib/dpkg/*-old
chroot "$1" install -d -o root -g postgres -m 1775 /var/log/postgresql
