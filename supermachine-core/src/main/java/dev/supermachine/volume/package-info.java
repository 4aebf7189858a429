/** Files of this host that are a guest's writable disks: what is in them, their first file system, who may write to them. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.volume;
