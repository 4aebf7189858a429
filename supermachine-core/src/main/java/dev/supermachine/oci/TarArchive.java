package dev.supermachine.oci;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Random access to the files of an uncompressed tar, as far as image archives need it: ustar, PAX paths and sizes, GNU long names, links between entries.
 * Only the headers are read when it is opened; nothing is unpacked.
 */
final class TarArchive implements LayoutFiles {

    private static final int BLOCK = 512;
    private static final int MAX_METADATA = 1 << 20;
    private static final int MAX_ENTRIES = 1_000_000;
    private static final int MAX_LINKS = 16;

    private sealed interface Entry {
        record File(long offset, long size) implements Entry {}

        record Link(String target) implements Entry {}
    }

    private final Path path;
    private final FileChannel channel;
    private final Map<String, Entry> entries = new HashMap<>();

    private TarArchive(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /**
     * Reads the headers.
     *
     * @param name the archive as the user knows it, for messages
     * @param channel the tar, owned by the result
     * @throws IOException if it is not a tar, or is cut off
     */
    static TarArchive open(Path name, FileChannel channel) throws IOException {
        TarArchive archive = new TarArchive(name, channel);
        archive.index();
        return archive;
    }

    private void index() throws IOException {
        long position = 0;
        String longName = null;
        String longLink = null;
        Map<String, String> pax = Map.of();
        while (true) {
            byte[] header = header(position);
            if (header == null) {
                return;
            }
            long size = pax.containsKey("size") ? decimal(pax.get("size")) : number(header, 124, 12);
            long data = position + BLOCK;
            if (size < 0 || size > channel.size() - data) {
                throw new IOException("it is cut off: the entry at byte " + position + " has " + size
                        + " bytes, the file only " + Math.max(0, channel.size() - data) + " more");
            }
            char type = (char) (header[156] & 0xff);
            position = data + (size + BLOCK - 1) / BLOCK * BLOCK;
            switch (type) {
                case 'L' -> longName = text(metadata(data, size));
                case 'K' -> longLink = text(metadata(data, size));
                case 'x' -> pax = pax(metadata(data, size));
                case 'g' -> {
                    // Global PAX headers carry comments in practice, never paths.
                }
                default -> {
                    String name = pax.getOrDefault("path", longName != null ? longName : name(header));
                    String link = pax.getOrDefault("linkpath", longLink != null ? longLink : text(header, 157, 100));
                    add(type, name, link, data, size);
                    longName = null;
                    longLink = null;
                    pax = Map.of();
                }
            }
        }
    }

    private void add(char type, String name, String link, long data, long size) throws IOException {
        String key = normalize(name);
        switch (type) {
            case '0', '\0', '7' -> entries.put(key, new Entry.File(data, size));
            case '1' -> entries.put(key, new Entry.Link(normalize(link)));
            case '2' -> {
                int slash = key.lastIndexOf('/');
                entries.put(key, new Entry.Link(normalize(key.substring(0, slash + 1) + link)));
            }
            default -> {
                // Directories and devices are no part of an image archive's content.
            }
        }
        if (entries.size() > MAX_ENTRIES) {
            throw new IOException("it has more than " + MAX_ENTRIES + " entries, which no image archive has");
        }
    }

    /** The header at a position, checked; null at the end of the archive. */
    private byte @Nullable [] header(long position) throws IOException {
        byte[] header = new byte[BLOCK];
        int read = readFully(position, header);
        if (read == 0 && position > 0 && position == channel.size()) {
            return null; // some writers leave out the two empty blocks at the end
        }
        if (read < BLOCK) {
            throw new IOException("it is cut off in the header at byte " + position);
        }
        long sum = 0;
        boolean empty = true;
        for (int i = 0; i < BLOCK; i++) {
            int value = header[i] & 0xff;
            empty &= value == 0;
            sum += i >= 148 && i < 156 ? ' ' : value;
        }
        if (empty) {
            return null;
        }
        if (sum != checksum(header)) {
            throw new IOException(
                    position == 0
                            ? "it is not a tar"
                            : "it is damaged: the header at byte " + position + " has a wrong checksum");
        }
        return header;
    }

    /** The checksum a header carries; -1 if that is no number. */
    private static long checksum(byte[] header) {
        try {
            return number(header, 148, 8);
        } catch (IOException e) {
            return -1;
        }
    }

    private byte[] metadata(long position, long size) throws IOException {
        if (size > MAX_METADATA) {
            throw new IOException("it has a long name or extended header of " + size + " bytes");
        }
        byte[] bytes = new byte[(int) size];
        readFully(position, bytes);
        return bytes;
    }

    private int readFully(long position, byte[] target) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(target);
        while (buffer.hasRemaining()) {
            int count = channel.read(buffer, position + buffer.position());
            if (count < 0) {
                break;
            }
        }
        return buffer.position();
    }

    /** Octal text, or GNU's binary form for what does not fit. */
    private static long number(byte[] header, int offset, int length) throws IOException {
        if ((header[offset] & 0x80) != 0) {
            long value = header[offset] & 0x7f;
            for (int i = 1; i < length; i++) {
                if (value > Long.MAX_VALUE >> 8) {
                    throw new IOException("it is damaged: a number in a header is too large");
                }
                value = (value << 8) | (header[offset + i] & 0xff);
            }
            return value;
        }
        long value = 0;
        for (char digit : text(header, offset, length).strip().toCharArray()) {
            if (digit < '0' || digit > '7') {
                throw new IOException("it is damaged: a number in a header is not octal");
            }
            value = (value << 3) | (digit - '0');
        }
        return value;
    }

    private static long decimal(@Nullable String text) throws IOException {
        try {
            return Long.parseLong(String.valueOf(text));
        } catch (NumberFormatException e) {
            throw new IOException("it is damaged: the size in an extended header is not a number", e);
        }
    }

    private static String name(byte[] header) {
        String name = text(header, 0, 100);
        // Only POSIX ustar has the prefix; GNU's own format keeps other things there.
        boolean posix = text(header, 257, 6).equals("ustar") && header[262] == 0;
        String prefix = posix ? text(header, 345, 155) : "";
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    private static String text(byte[] bytes) {
        return text(bytes, 0, bytes.length);
    }

    private static String text(byte[] bytes, int offset, int length) {
        int end = offset;
        while (end < offset + length && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, offset, end - offset, StandardCharsets.UTF_8);
    }

    /** POSIX.1-2001 pax records: "LENGTH KEY=VALUE\n". */
    private static Map<String, String> pax(byte[] bytes) throws IOException {
        Map<String, String> records = new HashMap<>();
        int position = 0;
        while (position < bytes.length) {
            int space = position;
            int length = 0;
            while (space < bytes.length && bytes[space] >= '0' && bytes[space] <= '9' && length < MAX_METADATA) {
                length = length * 10 + bytes[space++] - '0';
            }
            int end = position + length;
            if (length == 0 || space >= bytes.length || bytes[space] != ' ' || end > bytes.length || end <= space + 1) {
                throw new IOException("it is damaged: an extended header cannot be read");
            }
            String record = new String(bytes, space + 1, end - space - 2, StandardCharsets.UTF_8);
            int equals = record.indexOf('=');
            if (equals > 0) {
                records.put(record.substring(0, equals), record.substring(equals + 1));
            }
            position = end;
        }
        return records;
    }

    private static String normalize(String name) {
        Deque<String> parts = new ArrayDeque<>();
        for (String part : name.split("/", -1)) {
            if (part.equals("..")) {
                parts.pollLast();
            } else if (!part.isEmpty() && !part.equals(".")) {
                parts.addLast(part);
            }
        }
        return String.join("/", parts);
    }

    private Entry.@Nullable File find(String name) {
        String key = normalize(name);
        for (int i = 0; i < MAX_LINKS; i++) {
            Entry entry = entries.get(key);
            if (entry instanceof Entry.Link link) {
                key = link.target();
            } else {
                return (Entry.File) entry;
            }
        }
        return null;
    }

    @Override
    public boolean contains(String name) {
        return find(name) != null;
    }

    @Override
    public InputStream open(String name) throws IOException {
        Entry.File file = find(name);
        if (file == null) {
            throw new FileNotFoundException(where(name));
        }
        return new Slice(file.offset(), file.size());
    }

    @Override
    public String where(String name) {
        return path + ": " + name;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private final class Slice extends InputStream {

        private long position;
        private final long end;

        Slice(long offset, long size) {
            position = offset;
            end = offset + size;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            if (position >= end) {
                return -1;
            }
            int count = channel.read(ByteBuffer.wrap(target, offset, (int) Math.min(length, end - position)), position);
            if (count > 0) {
                position += count;
            }
            return count;
        }
    }
}
