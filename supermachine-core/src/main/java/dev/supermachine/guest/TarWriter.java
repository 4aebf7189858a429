package dev.supermachine.guest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/** Writes a tar archive: ustar headers (POSIX.1-2017, pax), with PAX records for whatever a field cannot hold. One thread. */
final class TarWriter {

    private static final int BLOCK = 512;
    private static final int NAME = 100;
    private static final long MAX_OCTAL_7 = 07_777_777L;
    private static final long MAX_OCTAL_11 = 077_777_777_777L;

    private final OutputStream out;

    TarWriter(OutputStream out) {
        this.out = out;
    }

    /**
     * What all entries have.
     *
     * @param name relative, with {@code /} between the parts
     * @param mode permissions
     */
    record Meta(String name, int mode, FileOwner owner, Instant modified) {}

    void directory(Meta meta) throws IOException {
        header(meta, '5', 0, "");
    }

    void symbolicLink(Meta meta, String target) throws IOException {
        header(meta, '2', 0, target);
    }

    /**
     * A regular file.
     *
     * @throws IOException also if the content is not of the size that was announced
     */
    void file(Meta meta, long size, InputStream content) throws IOException {
        header(meta, '0', size, "");
        byte[] buffer = new byte[GuestStream.CHUNK];
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

    /** Two blocks of zeros. The stream stays open. */
    void end() throws IOException {
        out.write(new byte[2 * BLOCK]);
        out.flush();
    }

    private void header(Meta meta, char type, long size, String target) throws IOException {
        byte[] name = bytes(meta.name() + (type == '5' ? "/" : ""));
        byte[] link = bytes(target);
        Instant modified = meta.modified();
        long seconds = modified.getEpochSecond();
        int nanos = modified.getNano();
        PaxRecords pax = new PaxRecords();
        if (name.length > NAME) {
            pax.add("path", name);
        }
        if (link.length > NAME) {
            pax.add("linkpath", link);
        }
        if (size > MAX_OCTAL_11) {
            pax.add("size", bytes(Long.toString(size)));
        }
        if (meta.owner().uid() > MAX_OCTAL_7) {
            pax.add("uid", bytes(Long.toString(meta.owner().uid())));
        }
        if (meta.owner().gid() > MAX_OCTAL_7) {
            pax.add("gid", bytes(Long.toString(meta.owner().gid())));
        }
        if (nanos != 0 || seconds < 0 || seconds > MAX_OCTAL_11) {
            pax.add("mtime", bytes(decimal(seconds, nanos)));
        }
        byte[] records = pax.bytes();
        if (records.length > 0) {
            block(bytes("pax"), 0644, new FileOwner(0, 0), records.length, 0, 'x', new byte[0]);
            out.write(records);
            pad(records.length);
        }
        block(name, meta.mode(), meta.owner(), size, seconds, type, link);
    }

    private void block(byte[] name, int mode, FileOwner owner, long size, long seconds, char type, byte[] link)
            throws IOException {
        byte[] block = new byte[BLOCK];
        put(block, 0, name, NAME);
        octal(block, 100, 7, mode);
        octal(block, 108, 7, within(owner.uid(), MAX_OCTAL_7));
        octal(block, 116, 7, within(owner.gid(), MAX_OCTAL_7));
        octal(block, 124, 11, within(size, MAX_OCTAL_11));
        octal(block, 136, 11, within(seconds, MAX_OCTAL_11));
        block[156] = (byte) type;
        put(block, 157, link, NAME);
        put(block, 257, bytes("ustar\0" + "00"), 8);
        // The checksum is taken with its own field full of spaces.
        put(block, 148, bytes("        "), 8);
        int sum = 0;
        for (byte b : block) {
            sum += Byte.toUnsignedInt(b);
        }
        octal(block, 148, 6, sum);
        block[154] = 0;
        out.write(block);
    }

    private void pad(long size) throws IOException {
        out.write(new byte[(int) (-size & (BLOCK - 1))]);
    }

    /** A field that cannot hold its value is 0; the PAX record says the value. */
    private static long within(long value, long most) {
        return value >= 0 && value <= most ? value : 0;
    }

    private static void octal(byte[] block, int at, int digits, long value) {
        String text = Long.toOctalString(value);
        put(block, at, bytes("0".repeat(digits - text.length()) + text), digits);
    }

    private static void put(byte[] block, int at, byte[] value, int most) {
        System.arraycopy(value, 0, block, at, Math.min(value.length, most));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String decimal(long seconds, int nanos) {
        // Of a time before 1970 the fraction counts downwards in decimal notation.
        return seconds < 0 && nanos > 0
                ? "-" + (-seconds - 1) + "." + nine(1_000_000_000 - nanos)
                : seconds + "." + nine(nanos);
    }

    private static String nine(int nanos) {
        String text = Integer.toString(nanos);
        return "0".repeat(9 - text.length()) + text;
    }

    /** Records of the form {@code length key=value\n}, where the length counts itself. */
    private static final class PaxRecords {
        private final ByteArrayOutputStream records = new ByteArrayOutputStream();

        void add(String key, byte[] value) {
            int rest = 1 + key.length() + 1 + value.length + 1;
            int length = rest + Integer.toString(rest).length();
            length = rest + Integer.toString(length).length();
            records.writeBytes(TarWriter.bytes(length + " " + key + "="));
            records.writeBytes(value);
            records.write('\n');
        }

        byte[] bytes() {
            return records.toByteArray();
        }
    }
}
