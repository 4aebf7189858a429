package dev.supermachine.tar;

import java.nio.charset.StandardCharsets;

/** Where the fields of a header block stand (POSIX.1-2017, pax, "ustar Interchange Format"), and what reading and writing one have in common. */
final class Ustar {

    static final int BLOCK = 512;

    /** A field: its first byte and how many it has. */
    record Field(int offset, int length) {}

    static final Field NAME = new Field(0, 100);
    static final Field MODE = new Field(100, 8);
    static final Field UID = new Field(108, 8);
    static final Field GID = new Field(116, 8);
    static final Field SIZE = new Field(124, 12);
    static final Field MTIME = new Field(136, 12);
    static final Field CHECKSUM = new Field(148, 8);
    static final int TYPE = 156;
    static final Field LINK = new Field(157, 100);
    static final Field MAGIC = new Field(257, 8);
    static final Field DEVICE_MAJOR = new Field(329, 8);
    static final Field DEVICE_MINOR = new Field(337, 8);
    static final Field PREFIX = new Field(345, 155);

    private Ustar() {}

    /** How many bytes of zeros follow so many of content. */
    static int padding(long size) {
        return (int) (-size & (BLOCK - 1));
    }

    /** Bytes as a byte string, up to the first zero. */
    static String text(byte[] bytes, int offset, int length) {
        int end = offset;
        while (end < offset + length && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, offset, end - offset, StandardCharsets.ISO_8859_1);
    }

    /** The sum of a header's bytes, its own field taken as spaces. */
    static long checksum(byte[] block, boolean signed) {
        long sum = 0;
        for (int i = 0; i < BLOCK; i++) {
            boolean own = i >= CHECKSUM.offset() && i < CHECKSUM.offset() + CHECKSUM.length();
            byte value = own ? (byte) ' ' : block[i];
            sum += signed ? value : value & 0xff;
        }
        return sum;
    }
}
