package dev.supermachine.oci;

import dev.supermachine.tar.TarEntry;
import dev.supermachine.tar.TarErrors;
import dev.supermachine.tar.TarReader;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Random access to the files of an uncompressed tar, as far as image archives need it: files, and links between entries. Only the headers are read when it
 * is opened; nothing is unpacked.
 */
final class TarArchive implements LayoutFiles {

    private static final int MAX_ENTRIES = 100_000;
    private static final long MAX_NAMES = 16L << 20;
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
     * @param channel the tar, owned by the result; closed if there is none
     * @param errors words what is wrong with the archive
     * @throws IOException if its length is not to be had
     * @throws dev.supermachine.SupermachineException if it cannot be read, is not a tar, or is cut off
     */
    static TarArchive open(Path name, FileChannel channel, TarErrors errors) throws IOException {
        TarArchive archive = new TarArchive(name, channel);
        try {
            archive.index(errors);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
        return archive;
    }

    private void index(TarErrors errors) throws IOException {
        long length = channel.size();
        if (length == 0) {
            throw errors.of("it is cut off: it is empty.");
        }
        // What an image archive does not need may be of any type.
        try (TarReader reader = TarReader.withUnknown(new Slice(0, length), errors, length)) {
            long names = 0;
            for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
                names += entry.name().length() + entry.linkName().length();
                if (names > MAX_NAMES) {
                    throw errors.of("the names in it are more than " + MAX_NAMES
                            + " bytes long together, which no image archive has.");
                }
                add(entry, reader.position());
                if (entries.size() > MAX_ENTRIES) {
                    throw errors.of("it has more than " + MAX_ENTRIES + " entries, which no image archive has.");
                }
            }
        }
    }

    private void add(TarEntry entry, long content) {
        String key = normalize(entry.nameText());
        switch (entry.type()) {
            case FILE -> entries.put(key, new Entry.File(content, entry.size()));
            case HARD_LINK -> entries.put(key, new Entry.Link(normalize(entry.linkNameText())));
            case SYMLINK -> {
                int slash = key.lastIndexOf('/');
                entries.put(key, new Entry.Link(normalize(key.substring(0, slash + 1) + entry.linkNameText())));
            }
            case DIRECTORY, CHARACTER_DEVICE, BLOCK_DEVICE, FIFO, OTHER -> {
                // No part of an image archive's content.
            }
        }
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

        @Override
        public long skip(long count) {
            long skipped = Math.max(0, Math.min(count, end - position));
            position += skipped;
            return skipped;
        }
    }
}
