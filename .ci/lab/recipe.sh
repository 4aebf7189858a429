# shellcheck shell=bash
# shellcheck disable=SC2034 # used by bin/lab
# What the laboratory's root holds beyond Debian's essential packages: a JVM for the tests, a QEMU for the engine that needs one,
# and what one misses in a shell. The kernel's modules are added from the package of the guest kernel.
suite=bookworm
packages=(e2fsprogs openjdk-17-jre-headless qemu-system-x86 ca-certificates kmod mount procps strace)
# What no test reads. The licences stay with what they are for.
left_out=(
    '/usr/share/doc/*' '/usr/share/man/*' '/usr/share/info/*' '/usr/share/locale/*' '/usr/share/lintian/*' '/usr/share/bug/*'
    '/usr/share/i18n/*' '/usr/share/fonts/*' '/usr/share/icons/*' '/usr/lib/ipxe/*'
)
kept_files=('/usr/share/doc/*/copyright')
