# shellcheck shell=bash
# shellcheck disable=SC2034 # used by bin/images
# Redis 7, answering on every address without a password and keeping its data in /data.
tag=7
packages=(redis-server)
opaque=(var/log)
config=(
    --config.user=redis
    --config.workingdir=/data
    --config.env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    --config.env=LANG=C.UTF-8
    --config.exposedports=6379/tcp
    --config.volume=/data
    --config.stopsignal=SIGTERM
    --config.entrypoint=/usr/bin/redis-server
    --config.cmd=/etc/redis/server.conf
)
