package dev.supermachine.tar;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/**
 * Writes a tar archive: ustar headers (POSIX.1-2017, pax), with pax records for whatever a field cannot hold. One thread at a time.
 *
 * @since 0.1
 */
public final class TarWriter {

    private static final int CHUNK = 16 * 1024;
    private static final long MAX_OCTAL_7 = 07_777_777L;
    private static final long MAX_OCTAL_11 = 077_777_777_777L;

    private final OutputStream out;

    /**
     * An archive.
     *
     * @param out where it goes; never closed by this object
     */
    public TarWriter(OutputStream out) {
        this.out = out;
    }

    /**
     * What all entries have.
     *
     * @param name relative, with {@code /} between the parts
     * @param mode permissions
     * @param uid the owner's number, 0 … 2³²−1
     * @param gid the group's number, 0 … 2³²−1
     * @param modified time of the last change
     */
    public record Meta(String name, int mode, long uid, long gid, Instant modified) {}

    /**
     * A directory.
     *
     * @param meta its name without {@code /} at the end
     * @throws IOException if the stream fails
     */
    public void directory(Meta meta) throws IOException {
        header(meta, '5', 0, "");
    }

    /**
     * A symbolic link.
     *
     * @param meta its name
     * @param target where it leads, taken as it is
     * @throws IOException if the stream fails
     */
    public void symbolicLink(Meta meta, String target) throws IOException {
        header(meta, '2', 0, target);
    }

    /**
     * A regular file.
     *
     * @param meta its name
     * @param size bytes of content
     * @param content read up to the size; stays open
     * @throws IOException if a stream fails, or if there is less content than was announced
     */
    public void file(Meta meta, long size, InputStream content) throws IOException {
        header(meta, '0', size, "");
        byte[] buffer = new byte[CHUNK];
        long left = size;
        while (left > 0) {
            int count = content.read(buffer, 0, (int) Math.min(left, buffer.length));
            if (count < 0) {
                throw new IOException("The file " + meta.name() + " became " + left + " bytes shorter than " + size
                        + " while it was copied. Copy files that nobody writes");
            }
            out.write(buffer, 0, count);
            left -= count;
        }
        pad(size);
    }

    /**
     * Ends the archive: two blocks of zeros. The stream stays open.
     *
     * @throws IOException if the stream fails
     */
    public void end() throws IOException {
        out.write(new byte[2 * Ustar.BLOCK]);
        out.flush();
    }

    private void header(Meta meta, char type, long size, String target) throws IOException {
        byte[] name = bytes(meta.name() + (type == '5' ? "/" : ""));
        byte[] link = bytes(target);
        Instant modified = meta.modified();
        long seconds = modified.getEpochSecond();
        int nanos = modified.getNano();
        ByteArrayOutputStream pax = new ByteArrayOutputStream();
        if (name.length > Ustar.NAME.length()) {
            PaxRecords.write(pax, "path", name);
        }
        if (link.length > Ustar.LINK.length()) {
            PaxRecords.write(pax, "linkpath", link);
        }
        if (size > MAX_OCTAL_11) {
            PaxRecords.write(pax, "size", bytes(Long.toString(size)));
        }
        if (meta.uid() > MAX_OCTAL_7) {
            PaxRecords.write(pax, "uid", bytes(Long.toString(meta.uid())));
        }
        if (meta.gid() > MAX_OCTAL_7) {
            PaxRecords.write(pax, "gid", bytes(Long.toString(meta.gid())));
        }
        if (nanos != 0 || seconds < 0 || seconds > MAX_OCTAL_11) {
            PaxRecords.write(pax, "mtime", bytes(TarNumbers.text(seconds, nanos)));
        }
        if (pax.size() > 0) {
            block(bytes("pax"), new Meta("", 0644, 0, 0, Instant.EPOCH), pax.size(), 'x', new byte[0]);
            pax.writeTo(out);
            pad(pax.size());
        }
        block(name, meta, size, type, link);
    }

    private void block(byte[] name, Meta meta, long size, char type, byte[] link) throws IOException {
        byte[] block = new byte[Ustar.BLOCK];
        put(block, Ustar.NAME, name);
        octal(block, Ustar.MODE, meta.mode());
        octal(block, Ustar.UID, within(meta.uid(), MAX_OCTAL_7));
        octal(block, Ustar.GID, within(meta.gid(), MAX_OCTAL_7));
        octal(block, Ustar.SIZE, within(size, MAX_OCTAL_11));
        octal(block, Ustar.MTIME, within(meta.modified().getEpochSecond(), MAX_OCTAL_11));
        block[Ustar.TYPE] = (byte) type;
        put(block, Ustar.LINK, link);
        put(block, Ustar.MAGIC, bytes("ustar\0" + "00"));
        // Six digits, a zero and a space: what every writer makes of it.
        put(block, Ustar.CHECKSUM, bytes(octal(Ustar.checksum(block, false), 6) + "\0 "));
        out.write(block);
    }

    private void pad(long size) throws IOException {
        out.write(new byte[Ustar.padding(size)]);
    }

    /** A field that cannot hold its value is 0; the pax record says the value. */
    private static long within(long value, long most) {
        return value >= 0 && value <= most ? value : 0;
    }

    private static void octal(byte[] block, Ustar.Field field, long value) {
        put(block, field, bytes(octal(value, field.length() - 1)));
    }

    private static String octal(long value, int digits) {
        String text = Long.toOctalString(value);
        return "0".repeat(digits - text.length()) + text;
    }

    private static void put(byte[] block, Ustar.Field field, byte[] value) {
        System.arraycopy(value, 0, block, field.offset(), Math.min(value.length, field.length()));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
