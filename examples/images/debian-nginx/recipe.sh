# shellcheck shell=bash
# shellcheck disable=SC2034 # used by bin/images
# nginx 1.22 that also stores what is PUT to it under /srv/data.
tag=1.22
packages=(nginx-light)
opaque=(var/log etc/nginx/sites-enabled)
config=(
    --config.env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    --config.env=LANG=C.UTF-8
    --config.workingdir=/
    --config.exposedports=80/tcp
    --config.stopsignal=SIGQUIT
    --config.entrypoint=/usr/sbin/nginx
    --config.cmd=-g --config.cmd='daemon off;'
)
