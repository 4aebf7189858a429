package dev.supermachine.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A piece of this process's address space: pages of a file, or of nothing. Left out of core dumps and of forked processes, which have no business with a guest's
 * memory.
 *
 * <p>Thread-safe as far as memory is. After {@link #close()} nothing may touch it any more, above all not through a buffer of {@link #view}: the process would die
 * of it.
 *
 * @since 0.1
 */
public final class Mapping implements AutoCloseable {

    /** The size of a page, in bytes. */
    public static final int PAGE = 4096;

    /** What one view has at most, in bytes: the largest power of two that a buffer can have. */
    private static final long PART = 1L << 30;

    private static final int RUNS = 64;

    private final String name;
    private final long address;
    private final long length;
    private final List<ByteBuffer> parts;
    private final AtomicBoolean unmapped = new AtomicBoolean();

    private Mapping(String name, long length, int protection, int flags, int fd, long offset) {
        if (length <= 0 || length % PAGE != 0 || offset < 0 || offset % PAGE != 0) {
            throw new IllegalArgumentException(
                    "Cannot map " + length + " bytes from offset " + offset + " of " + name + ": no whole pages");
        }
        this.name = name;
        this.length = length;
        try {
            address = Libc.mmap(0, length, protection, flags, fd, offset);
        } catch (LastErrorException e) {
            throw LinuxException.of("mmap of " + length + " bytes of " + name, e);
        }
        List<ByteBuffer> views = new ArrayList<>();
        try {
            for (long at = 0; at < length; at += PART) {
                ByteBuffer part = new Pointer(address + at).getByteBuffer(0, Math.min(PART, length - at));
                views.add(
                        (protection & Libc.PROT_WRITE) == 0
                                ? part.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN)
                                : part.order(ByteOrder.LITTLE_ENDIAN));
            }
            parts = List.copyOf(views);
            advise("MADV_DONTDUMP", Libc.MADV_DONTDUMP, 0, length);
            advise("MADV_DONTFORK", Libc.MADV_DONTFORK, 0, length);
        } catch (RuntimeException | Error e) {
            Libc.munmap(address, length);
            throw e;
        }
    }

    /**
     * Maps zeros that take memory only where they are written.
     *
     * @param name what it is for, in messages
     * @param length in bytes, whole pages
     * @return a writable mapping
     * @throws LinuxException if the address space or memory does not suffice
     */
    public static Mapping anonymous(String name, long length) {
        return new Mapping(
                name,
                length,
                Libc.PROT_READ | Libc.PROT_WRITE,
                Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | Libc.MAP_NORESERVE,
                -1,
                0);
    }

    /**
     * Maps a file so that what is written stays in this mapping: a page is copied when it is first written.
     *
     * @param file open for reading; may be closed afterwards
     * @param offset where in the file to begin, whole pages
     * @param length in bytes, whole pages, all of them in the file: a page that is missing kills who touches it
     * @return a writable mapping
     * @throws LinuxException if the file cannot be mapped
     */
    public static Mapping copyOnWrite(OpenFile file, long offset, long length) {
        return new Mapping(
                file.toString(),
                length,
                Libc.PROT_READ | Libc.PROT_WRITE,
                Libc.MAP_PRIVATE | Libc.MAP_NORESERVE,
                file.fd(),
                offset);
    }

    /**
     * Maps a file to read it.
     *
     * @param file open for reading; may be closed afterwards
     * @param offset where in the file to begin, whole pages
     * @param length in bytes, whole pages, all of them in the file
     * @return a mapping that cannot be written
     * @throws LinuxException if the file cannot be mapped
     */
    public static Mapping readOnly(OpenFile file, long offset, long length) {
        return new Mapping(file.toString(), length, Libc.PROT_READ, Libc.MAP_SHARED, file.fd(), offset);
    }

    /**
     * Maps a file or device so that what is written is written there.
     *
     * @param file open for reading and writing; may be closed afterwards
     * @param offset where in the file to begin, whole pages
     * @param length in bytes, whole pages, all of them in the file
     * @return a writable mapping
     * @throws LinuxException if the file cannot be mapped
     */
    public static Mapping shared(OpenFile file, long offset, long length) {
        return new Mapping(
                file.toString(), length, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, file.fd(), offset);
    }

    /**
     * Where it begins.
     *
     * @return the address in this process
     */
    public long address() {
        return address;
    }

    /**
     * How large it is.
     *
     * @return bytes, whole pages
     */
    public long length() {
        return length;
    }

    /**
     * Its memory as buffers.
     *
     * @return little-endian buffers of 1 GiB each, and the last of what is left
     */
    public List<ByteBuffer> views() {
        List<ByteBuffer> views = new ArrayList<>();
        for (ByteBuffer part : parts) {
            views.add(part.duplicate().order(ByteOrder.LITTLE_ENDIAN));
        }
        return views;
    }

    /**
     * A part of its memory as a buffer.
     *
     * @param offset where to begin
     * @param size in bytes; must not reach over a multiple of 1 GiB
     * @return a little-endian buffer
     */
    public ByteBuffer view(long offset, int size) {
        check(offset, size);
        return parts.get((int) (offset / PART))
                .slice((int) (offset % PART), size)
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Copies bytes of another mapping to the same place here. If the other one's file has lost the pages, that is an {@link InternalError} and not the end of the
     * process.
     *
     * @param source where from, at least as large as the range asks for
     * @param offset where to begin, in both
     * @param count how many bytes
     */
    public void copyFrom(Mapping source, long offset, long count) {
        check(offset, count);
        source.check(offset, count);
        copy(source, offset, offset + count);
    }

    /**
     * As {@link #copyFrom(Mapping, long, long)}, from another place than to.
     *
     * @param source where from
     * @param from where to begin there, whole pages
     * @param offset where to begin here, whole pages
     * @param count how many bytes, whole pages
     */
    public void copyFrom(Mapping source, long from, long offset, long count) {
        check(offset, count);
        source.check(from, count);
        for (long done = 0; done < count; ) {
            int target = (int) ((offset + done) % PART);
            int origin = (int) ((from + done) % PART);
            int piece = (int) Math.min(Math.min(count - done, PART - Math.max(target, origin)), 1 << 20);
            parts.get((int) ((offset + done) / PART))
                    .put(target, source.parts.get((int) ((from + done) / PART)), origin, piece);
            done += piece;
        }
    }

    /**
     * As {@link #copyFrom(Mapping, long, long)}, many ranges at once.
     *
     * @param source where from, at least as large as the ranges ask for
     * @param runs which bytes, in both
     */
    public void copyFrom(Mapping source, PageRuns runs) {
        if (runs.count() == 0) {
            return;
        }
        // In ascending order, so that all others lie between the first and the last.
        long begin = runs.offset(0);
        int last = runs.count() - 1;
        long all = runs.offset(last) + runs.length(last) - begin;
        check(begin, all);
        source.check(begin, all);
        for (int run = 0; run <= last; run += RUNS) {
            copy(source, runs, run, Math.min(last + 1, run + RUNS));
        }
    }

    /** A part of the runs at a time: a method that is called often is compiled long before one that loops for long. */
    private void copy(Mapping source, PageRuns runs, int first, int end) {
        for (int run = first; run < end; run++) {
            long offset = runs.offset(run);
            copy(source, offset, offset + runs.length(run));
        }
    }

    /** Of a range that was checked. */
    private void copy(Mapping source, long offset, long end) {
        long at = offset;
        while (at < end) {
            int part = (int) (at / PART);
            int from = (int) (at % PART);
            // A garbage collection waits for the copying of one piece.
            int piece = (int) Math.min(Math.min(end - at, PART - from), 1 << 20);
            parts.get(part).put(from, source.parts.get(part), from, piece);
            at += piece;
        }
    }

    /**
     * Compares a page with the same of another mapping.
     *
     * @param other where to look
     * @param offset where the page begins, in both
     * @return whether it has the same bytes
     */
    public boolean hasSamePage(Mapping other, long offset) {
        return view(offset, PAGE).mismatch(other.view(offset, PAGE)) < 0;
    }

    /**
     * Drops the pages: those of a copied file have the file's contents again, anonymous ones are zero.
     *
     * @param offset where to begin, whole pages
     * @param count how many bytes, whole pages
     * @throws LinuxException if the kernel refuses
     */
    public void drop(long offset, long count) {
        advise("MADV_DONTNEED", Libc.MADV_DONTNEED, offset, count);
    }

    /**
     * Brings the pages into memory as reading would, all at once.
     *
     * @param offset where to begin, whole pages
     * @param count how many bytes, whole pages
     * @return false if the kernel, before 5.14, cannot
     * @throws LinuxException if memory does not suffice or the file has no such pages
     */
    public boolean populateForReading(long offset, long count) {
        return populate("MADV_POPULATE_READ", Libc.MADV_POPULATE_READ, offset, count);
    }

    /**
     * Brings the pages into memory as writing would, all at once: a copied file's pages are copied.
     *
     * @param offset where to begin, whole pages
     * @param count how many bytes, whole pages
     * @return false if the kernel, before 5.14, cannot
     * @throws LinuxException if memory does not suffice or the file has no such pages
     */
    public boolean populateForWriting(long offset, long count) {
        return populate("MADV_POPULATE_WRITE", Libc.MADV_POPULATE_WRITE, offset, count);
    }

    /** Asks for huge pages where the kernel can, which an anonymous mapping profits from. */
    public void preferHugePages() {
        try {
            advise("MADV_HUGEPAGE", Libc.MADV_HUGEPAGE, 0, length);
        } catch (LinuxException e) {
            // A kernel without huge pages answers EINVAL, and there is nothing to prefer.
            if (e.errno() != Errno.EINVAL) {
                throw e;
            }
        }
    }

    /**
     * Unmaps it. Further calls do nothing.
     *
     * @throws LinuxException if the kernel refuses, as when that would split mappings of which there are too many
     */
    @Override
    public void close() {
        if (unmapped.compareAndSet(false, true)) {
            try {
                Libc.munmap(address, length);
            } catch (LastErrorException e) {
                throw LinuxException.of("munmap of " + name, e);
            }
        }
    }

    @Override
    public String toString() {
        return name;
    }

    private boolean populate(String call, int advice, long offset, long count) {
        try {
            advise(call, advice, offset, count);
            return true;
        } catch (LinuxException e) {
            if (e.errno() == Errno.EINVAL) {
                return false;
            }
            throw e;
        }
    }

    private void advise(String call, int advice, long offset, long count) {
        check(offset, count);
        try {
            Libc.madvise(address + offset, count, advice);
        } catch (LastErrorException e) {
            throw LinuxException.of("madvise " + call + " of " + count + " bytes of " + name, e);
        }
    }

    private void check(long offset, long count) {
        if (offset < 0 || count < 0 || offset > length - count) {
            throw new IndexOutOfBoundsException(
                    count + " bytes from offset " + offset + " of a mapping of " + length + " bytes of " + name);
        }
        requireMapped();
    }

    /** Fails once it was closed. */
    void requireMapped() {
        if (unmapped.get()) {
            throw new IllegalStateException("The mapping of " + name + " was closed");
        }
    }
}
