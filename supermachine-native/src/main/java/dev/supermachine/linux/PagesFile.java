package dev.supermachine.linux;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * A file with the pages of a memory that differ from another one's, as {@code docs/snapshot-format.md} describes it: which they are, then their bytes in the
 * same order. Pages of zeros are holes.
 *
 * <p>For one thread at a time.
 *
 * @since 0.1
 */
public final class PagesFile implements AutoCloseable {

    /** "SMPG" in ASCII, little-endian. */
    private static final int MAGIC = 0x4750_4D53;

    private static final int VERSION = 1;
    private static final int PAGE = Mapping.PAGE;

    /** Magic, version, the memory's size in bytes, the number of runs. */
    private static final int HEADER = 4 + 4 + 8 + 4;

    private static final int RUN = 4 + 4;
    private static final int PIECE = 1 << 20;

    /** So that a number of pages fits into 31 bits, and the table of runs into a buffer. */
    private static final long MOST = 512L << 30;

    private final Path path;
    private final FileChannel channel;
    private final PageRuns runs;
    private final long begin;

    private PagesFile(Path path, FileChannel channel, PageRuns runs) {
        this.path = path;
        this.channel = channel;
        this.runs = runs;
        this.begin = begin(runs.count());
    }

    /** Gives or takes bytes of a memory. */
    @FunctionalInterface
    public interface Bytes {
        /**
         * Fills or empties a buffer.
         *
         * @param offset where in the memory
         * @param buffer which is full, or empty, afterwards
         * @throws IOException if it cannot
         */
        void transfer(long offset, ByteBuffer buffer) throws IOException;
    }

    /**
     * Writes a new file that only its owner can read.
     *
     * @param file must not exist
     * @param size of the memory, in bytes
     * @param runs which pages
     * @param source gives their bytes
     * @throws IOException if it cannot be written, or the source fails
     */
    public static void write(Path file, long size, PageRuns runs, Bytes source) throws IOException {
        try (FileChannel channel = FileChannel.open(
                file,
                Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW, StandardOpenOption.SPARSE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            ByteBuffer table = ByteBuffer.allocate(Math.toIntExact(begin(runs.count())))
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(MAGIC)
                    .putInt(VERSION)
                    .putLong(size)
                    .putInt(runs.count());
            for (int run = 0; run < runs.count(); run++) {
                table.putInt((int) (runs.offset(run) / PAGE)).putInt((int) (runs.length(run) / PAGE));
            }
            writeAll(channel, table.rewind(), 0);
            Pages pages = new Pages(channel, table.capacity());
            for (int run = 0; run < runs.count(); run++) {
                pages.append(runs.offset(run), runs.length(run), source);
            }
            pages.end();
        }
    }

    /** Writes pages one behind the other, without those of zeros. */
    private static final class Pages {
        private final FileChannel channel;
        private final ByteBuffer buffer = ByteBuffer.allocateDirect(PIECE);
        private final ByteBuffer zeros = ByteBuffer.allocateDirect(PAGE);
        private long position;
        private long written;

        private Pages(FileChannel channel, long position) {
            this.channel = channel;
            this.position = position;
            this.written = position;
        }

        private void append(long offset, long length, Bytes source) throws IOException {
            for (long done = 0; done < length; done += PIECE) {
                int piece = (int) Math.min(PIECE, length - done);
                buffer.clear().limit(piece);
                source.transfer(offset + done, buffer);
                int from = 0;
                for (int at = 0; at < piece; at += PAGE) {
                    if (buffer.slice(at, PAGE).mismatch(zeros) < 0) {
                        put(from, at);
                        from = at + PAGE;
                    }
                }
                put(from, piece);
                position += piece;
            }
        }

        private void put(int from, int to) throws IOException {
            if (from < to) {
                writeAll(channel, buffer.slice(from, to - from), position + from);
                written = position + to;
            }
        }

        /** Only writing makes a file longer. */
        private void end() throws IOException {
            if (written < position) {
                writeAll(channel, ByteBuffer.allocate(1), position - 1);
            }
        }
    }

    private static void writeAll(FileChannel channel, ByteBuffer bytes, long position) throws IOException {
        long at = position;
        while (bytes.hasRemaining()) {
            at += channel.write(bytes, at);
        }
    }

    private static long begin(int runs) {
        return ((long) HEADER + (long) runs * RUN + PAGE - 1) / PAGE * PAGE;
    }

    /**
     * Opens a file and reads which pages it has.
     *
     * @param file what {@link #write} wrote
     * @param size of the memory, in bytes
     * @return the file, to be closed
     * @throws IOException if it cannot be read, or is none of a memory of this size
     */
    public static PagesFile open(Path file, long size) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        try {
            return new PagesFile(file, channel, readRuns(file, channel, size));
        } catch (IOException | RuntimeException | Error e) {
            channel.close();
            throw e;
        }
    }

    private static PageRuns readRuns(Path file, FileChannel channel, long size) throws IOException {
        ByteBuffer header = read(file, channel, 0, HEADER);
        int magic = header.getInt();
        int version = header.getInt();
        long memory = header.getLong();
        int count = header.getInt();
        expect(file, "of changed pages", magic == MAGIC);
        expect(file, "of version " + VERSION + ", but it is " + version, version == VERSION);
        expect(file, "of a memory of " + size + " bytes, but it is of " + memory, memory == size && size <= MOST);
        expect(
                file,
                "with at most a run for every other page, but it has " + count,
                count >= 0 && count <= (size / PAGE + 1) / 2);
        ByteBuffer table = read(file, channel, HEADER, count * RUN);
        PageRuns runs = new PageRuns();
        long end = -1;
        for (int run = 0; run < count; run++) {
            long first = table.getInt();
            long pages = table.getInt();
            expect(
                    file,
                    "of ascending runs of pages within the memory, but run " + run + " has " + pages + " pages from "
                            + first,
                    first > end && pages > 0 && first + pages <= size / PAGE);
            end = first + pages;
            runs.add(first * PAGE, end * PAGE);
        }
        long length = begin(count) + runs.pages() * PAGE;
        expect(file, "of " + length + " bytes, but it has " + channel.size(), channel.size() == length);
        return runs;
    }

    private static void expect(Path file, String what, boolean met) throws IOException {
        if (!met) {
            throw new IOException("Expected in " + file + " a file " + what);
        }
    }

    private static ByteBuffer read(Path file, FileChannel channel, long position, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        readAll(file, channel, bytes, position);
        return bytes.flip();
    }

    private static void readAll(Path file, FileChannel channel, ByteBuffer bytes, long position) throws IOException {
        long at = position;
        while (bytes.hasRemaining()) {
            int count = channel.read(bytes, at);
            if (count < 0) {
                throw new EOFException("The file of changed pages " + file + " ends early, at " + at);
            }
            at += count;
        }
    }

    /**
     * Which pages it has.
     *
     * @return the pages of the memory
     */
    public PageRuns runs() {
        return runs;
    }

    /**
     * Where in the file its first page is.
     *
     * @return bytes, whole pages; the others follow without a gap
     */
    public long begin() {
        return begin;
    }

    /**
     * Hands on all pages, at most a MiB at a time.
     *
     * @param target takes their bytes
     * @throws IOException if the file cannot be read, or the target fails
     */
    public void copyTo(Bytes target) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(PIECE);
        long position = begin;
        for (int run = 0; run < runs.count(); run++) {
            for (long done = 0; done < runs.length(run); done += PIECE) {
                int piece = (int) Math.min(PIECE, runs.length(run) - done);
                readAll(path, channel, buffer.clear().limit(piece), position);
                target.transfer(runs.offset(run) + done, buffer.flip());
                position += piece;
            }
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
