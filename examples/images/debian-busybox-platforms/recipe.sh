# shellcheck shell=bash
# shellcheck disable=SC2034 # used by bin/images
# The same few files of busybox for several platforms, under one index.
tag=1
packages=(busybox-static)
# Debian's name, and the OCI specification's with its variant
platforms=(amd64:amd64 i386:386 arm64:arm64 armhf:arm/v7 ppc64el:ppc64le s390x:s390x)
config=(
    --config.env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    --config.workingdir=/
    --config.stopsignal=SIGTERM
    --config.cmd=/bin/sh
)
