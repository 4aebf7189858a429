package dev.supermachine.tar;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** One entry for an archive made by hand, so that tests decide about each byte. Names are byte strings. */
public final class TarSpec {

    private final char type;
    private final String name;
    private final Map<String, String> pax = new TreeMap<>();
    private byte[] content = new byte[0];
    private String link = "";
    private long mode = 0644;
    private long uid;
    private long gid;
    private long mtime;
    private long deviceMajor;
    private long deviceMinor;
    private boolean gnu;

    private TarSpec(char type, String name) {
        this.type = type;
        this.name = name;
    }

    public static TarSpec of(char type, String name) {
        return new TarSpec(type, name);
    }

    public static TarSpec file(String name, String content) {
        return new TarSpec('0', name).content(content.getBytes(StandardCharsets.ISO_8859_1));
    }

    public static TarSpec directory(String name) {
        return new TarSpec('5', name).mode(0755);
    }

    public static TarSpec symlink(String name, String target) {
        return new TarSpec('2', name).link(target).mode(0777);
    }

    public static TarSpec hardLink(String name, String target) {
        return new TarSpec('1', name).link(target);
    }

    public static TarSpec device(char type, String name, long major, long minor) {
        TarSpec spec = new TarSpec(type, name);
        spec.deviceMajor = major;
        spec.deviceMinor = minor;
        return spec;
    }

    public TarSpec content(byte[] bytes) {
        content = bytes;
        return this;
    }

    public TarSpec link(String target) {
        link = target;
        return this;
    }

    public TarSpec mode(long value) {
        mode = value;
        return this;
    }

    public TarSpec owner(long user, long group) {
        uid = user;
        gid = group;
        return this;
    }

    public TarSpec mtime(long seconds) {
        mtime = seconds;
        return this;
    }

    /** A pax record before the entry. */
    public TarSpec pax(String key, String value) {
        pax.put(key, value);
        return this;
    }

    public TarSpec xattr(String key, String value) {
        return pax("SCHILY.xattr." + key, value);
    }

    /** GNU's magic, long names and numbers instead of pax records. */
    public TarSpec gnu() {
        gnu = true;
        return this;
    }

    /** A stream that cannot be read. */
    public static InputStream failing(String why) {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException(why);
            }

            @Override
            public int read(byte[] buffer, int offset, int length) throws IOException {
                throw new IOException(why);
            }
        };
    }

    /** A whole archive. */
    public static byte[] archive(List<TarSpec> entries) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        entries.forEach(entry -> out.writeBytes(entry.bytes()));
        out.writeBytes(new byte[1024]);
        return out.toByteArray();
    }

    /** A whole archive. */
    public static byte[] archive(TarSpec... entries) {
        return archive(List.of(entries));
    }

    /** The entry without an archive's end. */
    public byte[] bytes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Map<String, String> records = new TreeMap<>(pax);
        if (gnu) {
            longName(out, 'L', name);
            longName(out, 'K', link);
        } else {
            if (name.length() > 100) {
                records.put("path", name);
            }
            if (link.length() > 100) {
                records.put("linkpath", link);
            }
            if (uid > 07777777) {
                records.put("uid", Long.toString(uid));
            }
            if (gid > 07777777) {
                records.put("gid", Long.toString(gid));
            }
        }
        if (!records.isEmpty()) {
            byte[] data = paxData(records);
            out.writeBytes(header('x', "PaxHeaders/x", "", data.length));
            out.writeBytes(padded(data));
        }
        out.writeBytes(header(type, name, link, content.length));
        out.writeBytes(padded(content));
        return out.toByteArray();
    }

    private void longName(ByteArrayOutputStream out, char flag, String text) {
        if (text.length() > 100) {
            byte[] data = (text + "\0").getBytes(StandardCharsets.ISO_8859_1);
            out.writeBytes(header(flag, "././@LongLink", "", data.length));
            out.writeBytes(padded(data));
        }
    }

    public static byte[] paxData(Map<String, String> records) {
        StringBuilder data = new StringBuilder();
        records.forEach((key, value) -> {
            int body = key.length() + value.length() + 3;
            int length = body + 1;
            while (Integer.toString(length).length() + body != length) {
                length++;
            }
            data.append(length)
                    .append(' ')
                    .append(key)
                    .append('=')
                    .append(value)
                    .append('\n');
        });
        return data.toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    public static byte[] padded(byte[] data) {
        return java.util.Arrays.copyOf(data, (data.length + 511) / 512 * 512);
    }

    private byte[] header(char flag, String headerName, String headerLink, long size) {
        ByteBuffer block = ByteBuffer.allocate(512);
        text(block, 0, 100, headerName);
        number(block, 100, 8, mode);
        number(block, 108, 8, uid);
        number(block, 116, 8, gid);
        number(block, 124, 12, size);
        number(block, 136, 12, mtime);
        block.put(156, (byte) flag);
        text(block, 157, 100, headerLink);
        text(block, 257, 8, gnu ? "ustar  " : "ustar\00000");
        number(block, 329, 8, deviceMajor);
        number(block, 337, 8, deviceMinor);
        return withChecksum(block.array());
    }

    /** The block with its checksum made right. */
    public static byte[] withChecksum(byte[] block) {
        java.util.Arrays.fill(block, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte b : block) {
            sum += b & 0xff;
        }
        byte[] digits = String.format("%06o\0 ", sum).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(digits, 0, block, 148, digits.length);
        return block;
    }

    private static void text(ByteBuffer block, int at, int length, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        block.put(at, bytes, 0, Math.min(length, bytes.length));
    }

    private void number(ByteBuffer block, int at, int length, long value) {
        if (value >= 0 && value < 1L << (3 * (length - 1))) {
            text(block, at, length, String.format("%0" + (length - 1) + "o", value));
        } else if (gnu || value < 0) {
            for (int i = 0; i < length; i++) {
                int shift = 8 * (length - 1 - i);
                block.put(at + i, (byte) (shift >= 64 ? value >> 63 : value >> shift));
            }
            block.put(at, (byte) (block.get(at) | 0x80));
        }
    }
}
