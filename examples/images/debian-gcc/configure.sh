#!/bin/sh
set -eu
install -d -m 0755 "$1/src"
rm -rf "$1"/var/log/* "$1"/var/cache/debconf/*-old "$1"/var/lib/dpkg/*-old
