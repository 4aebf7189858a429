#!/bin/sh
# The alternatives of the JRE's package want it, and manual pages are left out.
set -eu
mkdir -p "$1/usr/share/man/man1"
