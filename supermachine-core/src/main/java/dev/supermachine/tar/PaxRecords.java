package dev.supermachine.tar;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The records of a pax extended header (POSIX.1-2017, pax, "pax Extended Header"): {@code "%d %s=%s\n"}, the length counting itself and the line feed.
 * Keys and values are byte strings.
 */
final class PaxRecords {

    private static final int LENGTH_DIGITS = 8;
    private static final Set<String> KEYS = Set.of("path", "linkpath", "size", "uid", "gid", "mtime");

    private PaxRecords() {}

    /** Writes one record. The key is ASCII. */
    static void write(ByteArrayOutputStream out, String key, byte[] value) {
        int rest = 1 + key.length() + 1 + value.length + 1;
        int length = rest + Integer.toString(rest).length();
        // Once more: with its own digits the length may have become longer by one.
        length = rest + Integer.toString(length).length();
        out.writeBytes((length + " " + key + "=").getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(value);
        out.write('\n');
    }

    /**
     * Reads the records in order; of two with the same key the later one stands. Those that nobody here asks for are checked and left out: a header may hold
     * a hundred thousand of them.
     */
    static Map<String, String> parse(byte[] data, TarErrors errors) {
        Map<String, String> records = new TreeMap<>();
        int at = 0;
        while (at < data.length) {
            int length = 0;
            int cursor = at;
            while (cursor < data.length && data[cursor] >= '0' && data[cursor] <= '9') {
                length = length * 10 + (data[cursor] - '0');
                cursor++;
                if (cursor - at > LENGTH_DIGITS) {
                    throw errors.of("a pax record has a length of more than " + LENGTH_DIGITS + " digits.");
                }
            }
            if (cursor == at || cursor >= data.length || data[cursor] != ' ') {
                throw errors.of("a pax record does not begin with its length and a space.");
            }
            int end = at + length;
            if (end > data.length || end <= cursor + 1 || data[end - 1] != '\n') {
                throw errors.of("a pax record says it is " + length + " bytes long, but no line ends there.");
            }
            String record = new String(data, cursor + 1, end - 1 - (cursor + 1), StandardCharsets.ISO_8859_1);
            int equals = record.indexOf('=');
            if (equals <= 0) {
                throw errors.of("a pax record has no key.");
            }
            String key = record.substring(0, equals);
            if (KEYS.contains(key) || key.startsWith(TarHeader.XATTR_KEY) || key.startsWith(TarHeader.SPARSE_KEY)) {
                records.put(key, record.substring(equals + 1));
            }
            at = end;
        }
        return records;
    }
}
