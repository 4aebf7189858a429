/**
 * Layers to one read-only file system image: tar streams are merged as the OCI image specification says and written as an uncompressed EROFS file.
 *
 * <p>Names, link targets and attribute names are byte strings without an encoding of their own. They are held as Java strings with one char per byte
 * (ISO-8859-1), so that comparing two of them compares their bytes.
 */
@org.jspecify.annotations.NullMarked
package dev.supermachine.rootfs;
