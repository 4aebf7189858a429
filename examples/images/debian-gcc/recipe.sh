# shellcheck shell=bash
# shellcheck disable=SC2034 # used by bin/images
# A C compiler and nothing that listens: what a warm-up is for is seen best with programs that read much. Not made unless asked for by name.
tag=12
packages=(gcc libc6-dev)
config=(
    --config.workingdir=/src
    --config.env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    --config.env=LANG=C.UTF-8
    --config.stopsignal=SIGTERM
    --config.cmd=/bin/sleep --config.cmd=infinity
)
