package dev.supermachine.guest;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Archives in cpio's "new ASCII" format (newc), the one the kernel takes as its initial file system
 * (Documentation/driver-api/early-userspace/buffer-format.rst). What could differ between two runs (times, owners, inode numbers) is fixed, so the same
 * entries give the same bytes.
 */
final class Cpio {

    static final int DIRECTORY = 0040000;
    static final int REGULAR_FILE = 0100000;
    static final int CHARACTER_DEVICE = 0020000;

    private static final int TYPE_MASK = 0170000;
    private static final String MAGIC = "070701";
    private static final String TRAILER = "TRAILER!!!";
    private static final int HEADER = 110;
    private static final int FIELDS = 13;

    private Cpio() {}

    /** A file, directory or device node. The two numbers are those of a device node, else 0. */
    @SuppressWarnings("ArrayRecordComponent") // handed from reader to writer, never compared
    record Entry(String name, int mode, int deviceMajor, int deviceMinor, byte[] content) {

        static Entry directory(String name, int permissions) {
            return new Entry(name, DIRECTORY | permissions, 0, 0, new byte[0]);
        }

        static Entry file(String name, int permissions, byte[] content) {
            return new Entry(name, REGULAR_FILE | permissions, 0, 0, content);
        }

        static Entry characterDevice(String name, int permissions, int major, int minor) {
            return new Entry(name, CHARACTER_DEVICE | permissions, major, minor, new byte[0]);
        }
    }

    static byte[] write(List<Entry> entries) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int inode = 1;
        for (Entry entry : entries) {
            write(out, inode++, entry);
        }
        write(out, 0, new Entry(TRAILER, 0, 0, 0, new byte[0]));
        return out.toByteArray();
    }

    private static void write(ByteArrayOutputStream out, int inode, Entry entry) {
        byte[] name = entry.name().getBytes(StandardCharsets.UTF_8);
        int links = (entry.mode() & TYPE_MASK) == DIRECTORY ? 2 : 1;
        int[] fields = new int[FIELDS];
        fields[0] = inode;
        fields[1] = entry.mode();
        fields[4] = links;
        fields[6] = entry.content().length;
        fields[9] = entry.deviceMajor();
        fields[10] = entry.deviceMinor();
        fields[11] = name.length + 1;
        StringBuilder header = new StringBuilder(HEADER).append(MAGIC);
        for (int field : fields) {
            header.append(String.format("%08x", field));
        }
        out.writeBytes(header.toString().getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(name);
        out.write(0);
        pad(out);
        out.writeBytes(entry.content());
        pad(out);
    }

    private static void pad(ByteArrayOutputStream out) {
        while (out.size() % 4 != 0) {
            out.write(0);
        }
    }

    /**
     * Reads an archive up to its trailer; an empty one has no bytes at all.
     *
     * @throws IllegalArgumentException if it is cut off or not in this format; the message says where
     */
    static List<Entry> read(byte[] archive) {
        List<Entry> entries = new ArrayList<>();
        int position = 0;
        while (position < archive.length) {
            if (!ascii(archive, position, MAGIC.length()).equals(MAGIC)) {
                throw new IllegalArgumentException("no newc cpio header at byte " + position);
            }
            int size = field(archive, position, 6);
            int nameSize = field(archive, position, 11);
            String name = ascii(archive, position + HEADER, nameSize - 1);
            if (name.equals(TRAILER)) {
                return entries;
            }
            int start = align(position + HEADER + nameSize);
            check(archive, start, size);
            entries.add(new Entry(
                    name,
                    field(archive, position, 1),
                    field(archive, position, 9),
                    field(archive, position, 10),
                    Arrays.copyOfRange(archive, start, start + size)));
            position = align(start + size);
        }
        if (position > 0) {
            throw new IllegalArgumentException("no trailer at the end of the cpio archive");
        }
        return entries;
    }

    private static int field(byte[] archive, int header, int index) {
        String digits = ascii(archive, header + MAGIC.length() + 8 * index, 8);
        try {
            return Integer.parseUnsignedInt(digits, 16);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "no number in field " + index + " of the cpio header at byte " + header, e);
        }
    }

    private static String ascii(byte[] archive, int start, int length) {
        check(archive, start, length);
        return new String(archive, start, length, StandardCharsets.UTF_8);
    }

    private static void check(byte[] archive, int start, int length) {
        if (start < 0 || length < 0 || length > archive.length - start) {
            throw new IllegalArgumentException("the cpio archive is cut off at byte " + archive.length);
        }
    }

    private static int align(int position) {
        return (position + 3) & ~3;
    }
}
