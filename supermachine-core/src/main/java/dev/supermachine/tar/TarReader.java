package dev.supermachine.tar;

import dev.supermachine.SupermachineException;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads one tar archive from its first byte to its last: ustar and V7 headers, pax extended and global headers, GNU long names and base-256 numbers
 * (POSIX.1-2017, pax). Whatever is wrong with the archive becomes an exception of its {@link TarErrors}; nothing is allocated by a length the archive claims
 * before that length was checked. One thread at a time.
 *
 * @since 0.1
 */
public final class TarReader implements Closeable {

    /** The longest name or link target in bytes; Linux allows one byte less. */
    public static final int MAX_PATH = 4096;

    /** The most bytes of the extended headers and long names before one entry together. Attribute values are at most 64 KiB each. */
    static final int MAX_EXTENSION = 1 << 20;

    /** The most bytes of all global headers together: what they say is worked through again with every entry. */
    static final int MAX_GLOBAL = 1 << 16;

    private static final int DRAIN_BUFFER = 1 << 16;

    private final InputStream in;
    private final TarErrors errors;
    private final long maxBytes;
    private final boolean passUnknown;
    private final byte[] block = new byte[Ustar.BLOCK];
    private final Map<String, String> global = new HashMap<>();
    private int globalSize;
    private int extensionSize;
    private long position;
    private long contentLeft;
    private int padding;
    private boolean ended;

    /**
     * A reader that refuses entries of types it does not know, and sparse files.
     *
     * @param in the archive from its first byte; closed with this reader; {@code skip} that seeks makes it cheap to pass over contents
     * @param errors words what is wrong with the archive
     * @param maxBytes where the archive is refused as too large
     */
    public TarReader(InputStream in, TarErrors errors, long maxBytes) {
        this(in, errors, maxBytes, false);
    }

    private TarReader(InputStream in, TarErrors errors, long maxBytes, boolean passUnknown) {
        this.in = in;
        this.errors = errors;
        this.maxBytes = maxBytes;
        this.passUnknown = passUnknown;
    }

    /**
     * A reader that passes on, as entries of type {@link EntryType#OTHER}, what is of a type it does not know or sparse.
     *
     * @param in the archive from its first byte; closed with this reader
     * @param errors words what is wrong with the archive
     * @param maxBytes where the archive is refused as too large
     * @return the reader
     */
    public static TarReader withUnknown(InputStream in, TarErrors errors, long maxBytes) {
        return new TarReader(in, errors, maxBytes, true);
    }

    /**
     * The next entry. What was not read of the entry before is skipped.
     *
     * @return null at the end of the archive
     * @throws SupermachineException if something is wrong with the archive, made by the {@link TarErrors}
     */
    public @Nullable TarEntry next() {
        Map<String, String> pax = global;
        String longName = null;
        String longLink = null;
        boolean awaited = false;
        extensionSize = 0;
        while (nextHeader()) {
            TarHeader header = new TarHeader(block, position - Ustar.BLOCK, errors);
            char flag = header.typeFlag();
            awaited |= flag == 'x' || flag == 'L' || flag == 'K';
            switch (flag) {
                case 'x' -> pax = with(pax, PaxRecords.parse(extension(header, "a pax header"), errors));
                case 'g' -> pax = addGlobal(header, pax);
                case 'L' -> longName = untilZero(extension(header, "a long name"));
                case 'K' -> longLink = untilZero(extension(header, "a long link name"));
                default -> {
                    TarEntry entry = header.entry(longName, longLink, pax, passUnknown);
                    begin(entry.size(), entry.name());
                    return entry;
                }
            }
        }
        if (awaited) {
            throw errors.of("the archive ends after an extended header, where the entry it belongs to should follow.");
        }
        return null;
    }

    /**
     * Bytes of the current entry's content.
     *
     * @param buffer where to put them
     * @param offset from where on
     * @param length how many at most
     * @return how many came, -1 at the end of the content
     * @throws SupermachineException if something is wrong with the archive, made by the {@link TarErrors}
     */
    public int read(byte[] buffer, int offset, int length) {
        if (contentLeft == 0) {
            return -1;
        }
        try {
            int count = in.read(buffer, offset, (int) Math.min(length, contentLeft));
            if (count < 0) {
                throw truncated();
            }
            contentLeft -= count;
            position += count;
            return count;
        } catch (IOException e) {
            throw errors.unreadable(e);
        }
    }

    /**
     * Bytes of the archive up to here.
     *
     * @return right after {@link #next} where the entry's content begins
     */
    public long position() {
        return position;
    }

    /**
     * Reads what follows the archive's last entry to the end of the stream, so that a stream that checks itself at its end does so. What stands there
     * counts against the limit.
     *
     * @throws SupermachineException if the stream cannot be read, or is longer than the limit, made by the {@link TarErrors}
     */
    public void drain() {
        ended = true;
        contentLeft = 0;
        padding = 0;
        byte[] buffer = new byte[DRAIN_BUFFER];
        try {
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                position += count;
                if (position > maxBytes) {
                    throw errors.tooLarge("", 0, position, maxBytes);
                }
            }
        } catch (IOException e) {
            throw errors.unreadable(e);
        }
    }

    @Override
    public void close() throws IOException {
        in.close();
    }

    /** Reads the next header block; false at the end, which is two zero blocks or the end of the stream between entries. */
    private boolean nextHeader() {
        if (ended) {
            return false;
        }
        try {
            skip(contentLeft + padding);
            contentLeft = 0;
            padding = 0;
            if (!readBlock()) {
                ended = true;
                return false;
            }
            if (!isZero()) {
                return true;
            }
            ended = true;
            if (readBlock() && !isZero()) {
                throw errors.of("a single block of zeros stands at byte " + (position - 2L * Ustar.BLOCK)
                        + " between entries. The archive is damaged.");
            }
            return false;
        } catch (IOException e) {
            throw errors.unreadable(e);
        }
    }

    private boolean readBlock() throws IOException {
        int count = in.readNBytes(block, 0, Ustar.BLOCK);
        position += count;
        if (count == 0) {
            return false;
        }
        if (count < Ustar.BLOCK) {
            throw truncated();
        }
        return true;
    }

    private boolean isZero() {
        for (byte b : block) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    /** Skips by seeking where the stream can. A seek may go beyond the end unnoticed, so the last byte is read. */
    private void skip(long count) throws IOException {
        if (count == 0) {
            return;
        }
        try {
            in.skipNBytes(count - 1);
        } catch (EOFException e) {
            throw truncated();
        }
        if (in.read() < 0) {
            throw truncated();
        }
        position += count;
    }

    private SupermachineException truncated() {
        return errors.truncated(position);
    }

    private void begin(long size, String name) {
        // No overflow: sizes are at most 2^60.
        if (position + size > maxBytes) {
            throw errors.tooLarge(name, size, position, maxBytes);
        }
        contentLeft = size;
        padding = Ustar.padding(size);
    }

    private byte[] extension(TarHeader header, String what) {
        long size = header.size();
        if (size > MAX_EXTENSION) {
            throw errors.of(what + " is " + size + " bytes long; at most " + MAX_EXTENSION + " are read.");
        }
        extensionSize += (int) size;
        if (extensionSize > MAX_EXTENSION) {
            throw errors.of("the extended headers before one entry are " + extensionSize + " bytes long together, with "
                    + what + " of " + size + "; at most " + MAX_EXTENSION + " are read.");
        }
        begin(size, "");
        byte[] data = new byte[(int) size];
        int filled = 0;
        while (filled < data.length) {
            int count = read(data, filled, data.length - filled);
            filled += count;
        }
        return data;
    }

    private Map<String, String> addGlobal(TarHeader header, Map<String, String> pax) {
        byte[] data = extension(header, "a global pax header");
        globalSize += data.length;
        if (globalSize > MAX_GLOBAL) {
            throw errors.of("the global pax headers are " + globalSize + " bytes long together; at most " + MAX_GLOBAL
                    + " are read.");
        }
        Map<String, String> records = PaxRecords.parse(data, errors);
        Map<String, String> result = pax == global ? global : with(pax, records);
        global.putAll(records);
        return result;
    }

    /** Never changes the global records: those of one entry end with it. */
    private Map<String, String> with(Map<String, String> pax, Map<String, String> records) {
        Map<String, String> result = pax == global ? new HashMap<>(global) : pax;
        result.putAll(records);
        return result;
    }

    private static String untilZero(byte[] data) {
        return Ustar.text(data, 0, data.length);
    }
}
