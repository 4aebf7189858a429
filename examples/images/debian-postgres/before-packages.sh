#!/bin/sh
# No cluster of Debian's own beside ours: its tools would keep configuration elsewhere.
set -eu
mkdir -p "$1/etc/postgresql-common"
echo 'create_main_cluster = false' >"$1/etc/postgresql-common/createcluster.conf"
