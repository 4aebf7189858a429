# shellcheck shell=bash
# shellcheck disable=SC2034 # used by bin/images
# A small service on Node.js 18. Not made unless asked for by name or with --all.
tag=18
packages=(nodejs)
opaque=(var/log)
config=(
    --config.user=www-data
    --config.workingdir=/srv
    --config.env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    --config.env=LANG=C.UTF-8
    --config.exposedports=8080/tcp
    --config.stopsignal=SIGTERM
    --config.entrypoint=/usr/bin/node
    --config.cmd=/srv/service.js
)
