#!/bin/sh
set -eu
echo '[rabbitmq_stomp].' >"$1/etc/rabbitmq/enabled_plugins"
cat >"$1/etc/rabbitmq/rabbitmq.conf" <<'CONF'
listeners.tcp.default = 5672
stomp.listeners.tcp.1 = 61613
disk_free_limit.absolute = 10MB
CONF
chmod 0644 "$1/etc/rabbitmq/enabled_plugins" "$1/etc/rabbitmq/rabbitmq.conf"
# The package starts a node when it is installed where it can, and leaves its cookie and data.
find "$1/var/lib/rabbitmq" -mindepth 1 -delete
rm -rf "$1"/var/log/* "$1"/var/cache/debconf/*-old "$1"/var/lib/dpkg/*-old
chroot "$1" install -d -o rabbitmq -g rabbitmq -m 0755 /var/log/rabbitmq
