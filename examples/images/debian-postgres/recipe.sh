# shellcheck shell=bash
# shellcheck disable=SC2034 # used by bin/images
# PostgreSQL 15 with a data directory made at build time, so that a boot runs no initdb.
# LLVM stays out of it (see bin/images): half of the image, and a short-lived server gains nothing by JIT.
tag=15
packages=(postgresql-15)
opaque=(var/log)
config=(
    --config.user=postgres
    --config.workingdir=/var/lib/postgresql
    --config.env=PATH=/usr/lib/postgresql/15/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    --config.env=PGDATA=/var/lib/postgresql/15/main
    --config.env=LANG=C.UTF-8
    --config.exposedports=5432/tcp
    --config.stopsignal=SIGINT
    --config.cmd=/usr/lib/postgresql/15/bin/postgres
    --config.cmd=-D --config.cmd=/var/lib/postgresql/15/main
    --config.cmd=-c --config.cmd='listen_addresses=*'
)
