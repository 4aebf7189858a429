package dev.supermachine.rootfs;

/** An extended attribute; name and value are byte strings. */
record Xattr(String name, String value) {}
