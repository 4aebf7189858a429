/**
 * Layers to one read-only file system image: tar streams are merged as the OCI image specification says and written as an uncompressed EROFS file.
 *
 * <p>Names, link targets and attributes stay the byte strings that {@link dev.supermachine.tar} makes of them.
 */
@org.jspecify.annotations.NullMarked
package dev.supermachine.rootfs;
