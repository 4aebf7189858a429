#!/bin/sh
# Writes busybox of one architecture, which need not be this machine's, as one layer.
#   layer.sh ARCHITECTURE SUITE MIRROR APPLETS LAYER
# ARCHITECTURE is Debian's name; APPLETS a file with their names; LAYER the tar to write. Nothing of the package is run.
set -eu
architecture=$1 suite=$2 mirror=$3 applets=$4 layer=$5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mmdebstrap --quiet --variant=extract --architectures="$architecture" --include=busybox-static --format=tar \
    "$suite" "$work/package.tar" ${mirror:+"$mirror"}
mkdir "$work/root"
cd "$work/root"
mkdir -p bin dev etc home proc root run sys tmp usr/bin var
chmod 0755 . bin dev etc home proc run sys usr usr/bin var
chmod 0700 root
chmod 1777 tmp
tar -xf "$work/package.tar" ./bin/busybox
grep -vx busybox "$applets" | while IFS= read -r applet; do ln -s busybox "bin/$applet"; done
# Empty passwords: su asks for none.
printf '%s\n' root::0:0:root:/root:/bin/sh guest::1000:1000:guest:/home:/bin/sh >etc/passwd
printf '%s\n' root:x:0: guest:x:1000: >etc/group
# What of the image tells for which platform it is
printf '%s\n' "$architecture" >etc/architecture
LC_ALL=C tar --create --format=pax --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime --sort=name \
    --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" --file "$layer" .
