# shellcheck shell=bash
# shellcheck disable=SC2034 # used by bin/images
# A few megabytes of busybox, and every kind of entry a layer can hold.
tag=1
packages=(busybox-static)
config=(
    --config.env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    --config.workingdir=/
    --config.stopsignal=SIGTERM
    --config.cmd=/bin/sh
)
