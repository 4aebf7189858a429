# shellcheck shell=bash
# shellcheck disable=SC2034 # used by bin/images
# memcached 1.6: memory and nothing else. Not made unless asked for by name or with --all.
tag=1.6
packages=(memcached)
opaque=(var/log)
config=(
    --config.user=memcache
    --config.workingdir=/
    --config.env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    --config.env=LANG=C.UTF-8
    --config.exposedports=11211/tcp
    --config.stopsignal=SIGTERM
    --config.entrypoint=/usr/bin/memcached
    --config.cmd=-m --config.cmd=64 --config.cmd=-t --config.cmd=2
)
