package dev.supermachine.rootfs;

/**
 * What was written.
 *
 * @param sizeBytes the size of the image file, a multiple of 4096
 * @param sha256 the SHA-256 of the image file, 64 lower case hexadecimal digits
 * @param inodeCount the files, directories, links and devices in it; the names of one hard-linked file count once
 * @since 0.1
 */
public record RootfsResult(long sizeBytes, String sha256, long inodeCount) {}
