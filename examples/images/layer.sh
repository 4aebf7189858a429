#!/bin/sh
# Runs as a hook of mmdebstrap: packs what changed in ROOT since the last call as one OCI layer, deletions as whiteouts.
#   layer.sh ROOT NAME [DIRECTORY...]
# Each DIRECTORY (relative to ROOT) hides what lower layers had in it: it is written with an opaque marker.
set -eu
root=$1 name=$2
shift 2
work=$root/.layers
mkdir -p "$work/whiteouts"
cd "$root"

# What a container runtime supplies, or the building machine left behind, is in no layer.
list() {
    find . -xdev \( -path ./.layers -o -path ./dev -o -path ./proc -o -path ./sys -o -path './tmp/*' \
        -o -path './run/*' -not -path './run/postgresql' \
        -o -path ./etc/resolv.conf -o -path ./etc/hostname -o -path './var/lib/apt/lists/*' \
        -o -path './var/cache/apt/*' -o -path './var/log/*.log' -o -path ./var/cache/ldconfig/aux-cache \) -prune -o "$@" -print0
}

pack() {
    LC_ALL=C tar --create --format=pax --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime --numeric-owner --no-recursion \
        --xattrs --xattrs-include='*' --mtime="@$SOURCE_DATE_EPOCH" --clamp-mtime --null --verbatim-files-from --files-from="$1" --file "$2"
}

add() {
    LC_ALL=C tar --append --format=pax --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime --numeric-owner \
        --owner=0 --group=0 --mtime="@$SOURCE_DATE_EPOCH" --no-recursion --null --verbatim-files-from --files-from="$1" \
        --file "$work/$name.tar"
}

list -true | LC_ALL=C sort -z >"$work/now"
if [ -e "$work/before" ]; then
    # A name is in the layer if its inode changed: new, written, renamed or with other rights.
    list -cnewer "$work/before" | LC_ALL=C sort -z >"$work/changed"
    LC_ALL=C comm -z -23 "$work/before" "$work/now" >"$work/removed"
else
    cp "$work/now" "$work/changed"
    : >"$work/removed"
fi
pack "$work/changed" "$work/$name.tar"
# Something is mounted on these while we look.
if [ ! -e "$work/before" ]; then
    mkdir -p "$work/points/dev" "$work/points/proc" "$work/points/sys"
    printf './%s\0' dev proc sys >"$work/markers"
    (cd "$work/points" && add "$work/markers")
fi

# Markers: one per removed name whose parent still exists (the rest went with the parent) and is not opaque.
find "$work/whiteouts" -mindepth 1 -delete
tr '\0' '\n' <"$work/removed" | while IFS= read -r path; do
    parent=${path%/*}
    [ -d "$parent" ] || continue
    for opaque in "$@"; do
        [ "$parent" != "./$opaque" ] || continue 2
    done
    mkdir -p "$work/whiteouts/$parent"
    : >"$work/whiteouts/$parent/.wh.${path##*/}"
done
for opaque in "$@"; do
    mkdir -p "$work/whiteouts/$opaque"
    : >"$work/whiteouts/$opaque/.wh..wh..opq"
done
(cd "$work/whiteouts" && find . -type f -print0 | LC_ALL=C sort -z) >"$work/markers"
if [ -s "$work/markers" ]; then
    (cd "$work/whiteouts" && add "$work/markers")
fi
mv "$work/now" "$work/before"
# The next call's -cnewer compares with the list's own time of change: let nothing be equal to it.
touch "$work/before"
