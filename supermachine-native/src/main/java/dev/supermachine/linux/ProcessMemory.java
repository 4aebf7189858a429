package dev.supermachine.linux;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where another process has mapped a file so that what it writes stays its own: which pages it has written, their bytes, and other bytes put in their place. The
 * process should stand meanwhile. The kernel allows it for processes of the same user which, where {@code kernel.yama.ptrace_scope} is 1, this one has started.
 *
 * <p>For one thread at a time.
 *
 * @since 0.1
 */
public final class ProcessMemory implements AutoCloseable {

    /** A line of {@code /proc/PID/maps}: begin, end, permissions, offset, device, inode, path. */
    private static final Pattern LINE =
            Pattern.compile("([0-9a-f]+)-([0-9a-f]+) (\\S{4}) ([0-9a-f]+) [0-9a-f]+:[0-9a-f]+ ([0-9]+)(?: .*)?");

    private final long pid;
    private final long address;
    private final long length;
    private final OpenFile pageMap;
    private final FileChannel memory;

    private ProcessMemory(long pid, long address, long length, OpenFile pageMap, FileChannel memory) {
        this.pid = pid;
        this.address = address;
        this.length = length;
        this.pageMap = pageMap;
        this.memory = memory;
    }

    /**
     * Finds where a process has mapped a file.
     *
     * @param pid the process
     * @param file the file
     * @param length how much of it is mapped, from its begin
     * @return the memory, to be closed
     * @throws IOException if it has no such mapping, has ended, or this process may not look into it
     */
    public static ProcessMemory open(long pid, Path file, long length) throws IOException {
        Path directory = Path.of("/proc", Long.toString(pid));
        long inode = ((Number) Files.getAttribute(file, "unix:ino")).longValue();
        long address = find(Files.readAllLines(directory.resolve("maps")), inode, length);
        if (address < 0) {
            throw new IOException("process " + pid + " has no private mapping of " + length + " bytes of " + file);
        }
        OpenFile pageMap = OpenFile.reading(directory.resolve("pagemap"));
        try {
            FileChannel memory =
                    FileChannel.open(directory.resolve("mem"), StandardOpenOption.READ, StandardOpenOption.WRITE);
            return new ProcessMemory(pid, address, length, pageMap, memory);
        } catch (AccessDeniedException e) {
            pageMap.close();
            throw new IOException(
                    "the memory of process " + pid
                            + " may not be read and written by this one, which has to be of the same user"
                            + " and allowed to trace it: look at kernel.yama.ptrace_scope, which must be 0 or 1, and at what"
                            + " security modules say of " + e.getMessage(),
                    e);
        } catch (IOException | RuntimeException | Error e) {
            pageMap.close();
            throw e;
        }
    }

    /**
     * Looks for a private, writable mapping of a file; the kernel may show it in pieces.
     *
     * @param lines of {@code /proc/PID/maps}
     * @param inode the file's
     * @param length in bytes, from the file's begin
     * @return where it begins, or -1
     */
    static long find(List<String> lines, long inode, long length) {
        List<long[]> pieces = new ArrayList<>();
        for (String line : lines) {
            Matcher matcher = LINE.matcher(line);
            if (!matcher.matches()
                    || Long.parseLong(matcher.group(5)) != inode
                    || !matcher.group(3).startsWith("rw")
                    || !matcher.group(3).endsWith("p")) {
                continue;
            }
            long begin = Long.parseLong(matcher.group(1), 16);
            long end = Long.parseLong(matcher.group(2), 16);
            long offset = Long.parseLong(matcher.group(4), 16);
            long[] last = pieces.isEmpty() ? null : pieces.get(pieces.size() - 1);
            if (last != null && last[1] == begin && offset == begin - last[0]) {
                last[1] = end;
            } else if (offset == 0) {
                pieces.add(new long[] {begin, end});
            }
        }
        for (long[] piece : pieces) {
            if (piece[1] - piece[0] == length) {
                return piece[0];
            }
        }
        return -1;
    }

    /**
     * The pages that are no longer the file's, because the process wrote them.
     *
     * @return the pages, as offsets in the file
     * @throws LinuxException if the kernel refuses
     */
    public PageRuns own() {
        return PageMap.of(pageMap).own(address, length, Long.MAX_VALUE);
    }

    /**
     * Reads bytes.
     *
     * @param offset where to begin, as an offset in the file
     * @param target is filled
     * @throws IOException if the process has ended
     */
    public void read(long offset, ByteBuffer target) throws IOException {
        long at = address + check(offset, target);
        while (target.hasRemaining()) {
            int count = memory.read(target, at);
            if (count <= 0) {
                throw new EOFException("the memory of process " + pid + " is gone; has it ended?");
            }
            at += count;
        }
    }

    /**
     * Writes bytes, which become the process's own.
     *
     * @param offset where to begin, as an offset in the file
     * @param source is emptied
     * @throws IOException if the process has ended
     */
    public void write(long offset, ByteBuffer source) throws IOException {
        long at = address + check(offset, source);
        while (source.hasRemaining()) {
            int count = memory.write(source, at);
            if (count <= 0) {
                throw new EOFException("the memory of process " + pid + " is gone; has it ended?");
            }
            at += count;
        }
    }

    private long check(long offset, ByteBuffer bytes) {
        if (offset < 0 || offset > length - bytes.remaining()) {
            throw new IndexOutOfBoundsException(
                    bytes.remaining() + " bytes from offset " + offset + " of a mapping of " + length + " bytes");
        }
        return offset;
    }

    @Override
    public void close() throws IOException {
        try {
            pageMap.close();
        } finally {
            memory.close();
        }
    }
}
