# shellcheck shell=bash
# shellcheck disable=SC2034 # used by bin/images
# Mosquitto 2, open to anyone, keeping retained messages in memory and in /data. Not made unless asked for by name or with --all.
tag=2
packages=(mosquitto)
opaque=(var/log)
config=(
    --config.user=mosquitto
    --config.workingdir=/data
    --config.env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    --config.env=LANG=C.UTF-8
    --config.exposedports=1883/tcp
    --config.stopsignal=SIGTERM
    --config.entrypoint=/usr/sbin/mosquitto
    --config.cmd=-c --config.cmd=/etc/mosquitto/server.conf
)
