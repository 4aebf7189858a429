#!/bin/sh
set -eu
chroot "$1" install -d -o mosquitto -g mosquitto -m 0755 /data
cat >"$1/etc/mosquitto/server.conf" <<'CONF'
listener 1883
allow_anonymous true
persistence true
persistence_location /data/
log_dest stderr
CONF
rm -rf "$1"/var/log/* "$1"/var/cache/debconf/*-old "$1"/var/lib/dpkg/*-old
