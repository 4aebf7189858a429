#!/bin/sh
set -eu
chroot "$1" install -d -o redis -g redis -m 0755 /data
cat >"$1/etc/redis/server.conf" <<'CONF'
bind * -::*
port 6379
protected-mode no
dir /data
daemonize no
logfile ""
save ""
appendonly no
CONF
chmod 0644 "$1/etc/redis/server.conf"
chmod 0755 "$1/etc/redis"
rm -rf "$1"/var/log/* "$1"/var/cache/debconf/*-old "$1"/var/lib/dpkg/*-old
