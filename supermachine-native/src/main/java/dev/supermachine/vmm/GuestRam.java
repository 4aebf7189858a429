package dev.supermachine.vmm;

import dev.supermachine.kvm.VmFd;
import dev.supermachine.linux.Mapping;
import dev.supermachine.linux.PageMap;
import dev.supermachine.linux.PageRuns;
import dev.supermachine.linux.PagesFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A guest's memory in this process: how it comes to be, is given to the guest, is captured into a file and begins anew as that file has it.
 *
 * <p>For one thread at a time, apart from {@link #memory()}. To be closed when nothing touches the memory any more.
 */
final class GuestRam implements AutoCloseable {

    /**
     * Up to so many changed pages are copied back one by one, which keeps the guest's page tables: 1,000 take 0.4 ms, 10,000 take 4 ms wherever they lie, and the
     * guest runs on as if nothing had been. Dropping 10,000 takes 10 ms if no two lie side by side, and the guest then pays for each when it next writes it. But
     * pages that are copied back remain this machine's own; beyond this, being 64 MiB, dropping gives that memory back.
     */
    static final int COPY_BACK_PAGES = 16384;

    private static final int PAGE = Mapping.PAGE;

    private final Mapping mapping;
    private final @Nullable PageSource source;
    private final PageMap pageMap;
    private final int copyBackPages;
    private final GuestMemory memory;

    /** For tests, with another way to find pages and another limit. */
    GuestRam(Mapping mapping, @Nullable PageSource source, PageMap pageMap, int copyBackPages) {
        this.mapping = mapping;
        this.source = source;
        this.pageMap = pageMap;
        this.copyBackPages = copyBackPages;
        memory = new GuestMemory(parts(mapping));
    }

    /**
     * Memory of zeros.
     *
     * @param size in bytes, whole pages
     */
    static GuestRam zeros(long size) {
        return Closing.orClose(Mapping.anonymous("guest memory", size), mapping -> {
            mapping.preferHugePages();
            return new GuestRam(mapping, null, PageMap.open(), COPY_BACK_PAGES);
        });
    }

    /**
     * Memory as a file has it.
     *
     * @param source the file, which must stay open as long as this
     */
    static GuestRam of(PageSource source) {
        return of(source, PageMap::open);
    }

    /**
     * Memory as a file has it.
     *
     * @param source the file, which must stay open as long as this
     * @param pageMap opens what finds the pages that were touched
     */
    static GuestRam of(PageSource source, Supplier<PageMap> pageMap) {
        return Closing.orClose(
                source.copyOnWrite(), mapping -> new GuestRam(mapping, source, pageMap.get(), COPY_BACK_PAGES));
    }

    private static List<GuestMemory.Part> parts(Mapping mapping) {
        List<GuestMemory.Part> parts = new ArrayList<>();
        long offset = 0;
        // Views are of 1 GiB, and low memory ends at a multiple of that.
        for (ByteBuffer view : mapping.views()) {
            parts.add(new GuestMemory.Part(
                    offset < MachineLayout.LOW_END_MOST
                            ? offset
                            : offset - MachineLayout.LOW_END_MOST + MachineLayout.HIGH,
                    view));
            offset += view.capacity();
        }
        return parts;
    }

    /** How much there is, in bytes. */
    long size() {
        return mapping.length();
    }

    /** The memory, for the host. */
    GuestMemory memory() {
        return memory;
    }

    /** Gives the memory to a machine that has none yet. */
    void attach(VmFd machine) {
        long low = Math.min(size(), MachineLayout.LOW_END_MOST);
        machine.setMemory(0, 0, low, mapping.address());
        if (size() > low) {
            machine.setMemory(1, MachineLayout.HIGH, size() - low, mapping.address() + low);
        }
    }

    /** The pages that were written since the beginning or the last reset, and maybe more: those that were copied back then count as well. */
    PageRuns dirtyPages() {
        return pageMap.own(mapping, Long.MAX_VALUE);
    }

    /** The offset of the first byte that is not as it was at the beginning, or -1, for tests. Reads all of the memory. */
    long firstDifference() {
        if (source == null) {
            return firstDifference(null);
        }
        try (Mapping beginning = source.copyOnWrite()) {
            return firstDifference(beginning);
        }
    }

    private long firstDifference(@Nullable Mapping beginning) {
        int step = 1 << 20;
        ByteBuffer zeros = ByteBuffer.allocateDirect(step);
        for (long at = 0; at < size(); at += step) {
            int differs = mapping.view(at, step).mismatch(beginning == null ? zeros : beginning.view(at, step));
            if (differs >= 0) {
                return at + differs;
            }
        }
        return -1;
    }

    /**
     * Makes pages this guest's own before it writes them, which then goes faster; as when a machine waits for its use. They count as dirty. Where the kernel cannot,
     * nothing happens.
     *
     * @param pages as {@link #dirtyPages} found them in a machine with the same beginning
     */
    void prepare(PageRuns pages) {
        for (int run = 0; run < pages.count(); run++) {
            if (!mapping.populateForWriting(pages.offset(run), pages.length(run))) {
                return;
            }
        }
    }

    /**
     * Makes the memory what it was at the beginning. No vCPU may run, and no device touch it.
     *
     * @return how many pages were copied back; -1 if all that were changed were dropped instead
     */
    long reset() {
        if (source == null) {
            mapping.drop(0, size());
            return -1;
        }
        PageRuns dirty = pageMap.own(mapping, copyBackPages + 1L);
        if (dirty.pages() > copyBackPages) {
            source.dropTo(mapping);
            return -1;
        }
        source.copyTo(mapping, dirty);
        return dirty.pages();
    }

    /**
     * Writes the memory into a file that only its owner can read, low memory first, without a gap. Pages of zeros become holes. No vCPU may run, and no device touch it.
     *
     * @param file is made; must not exist
     * @throws IOException if it cannot be written
     */
    void capture(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(
                file,
                Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW, StandardOpenOption.SPARSE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            if (source == null) {
                // Pages that were never touched are zero, and stay untouched.
                PageRuns touched = dirtyPages();
                for (int run = 0; run < touched.count(); run++) {
                    write(channel, touched.offset(run), touched.length(run));
                }
            } else {
                write(channel, 0, size());
            }
            if (channel.size() < size()) {
                // Only writing makes a file longer.
                channel.write(ByteBuffer.allocate(1), size() - 1);
            }
        }
    }

    /**
     * Writes those pages into a file that are others than those of the file which this memory began with, whatever was laid over it. No vCPU may run, and no device
     * touch it.
     *
     * @param file is made; must not exist
     * @return how many pages
     * @throws IOException if it cannot be written
     * @throws IllegalStateException if it began with zeros
     */
    long captureDifference(Path file) throws IOException {
        PageSource below = source;
        if (below == null) {
            throw new IllegalStateException("This memory began with zeros, and differs from no file");
        }
        // Pages that a reset copied back are this guest's own, and yet the same.
        PageRuns changed = dirtyPages().select(page -> !below.isOfTheFile(mapping, page));
        PagesFile.write(file, size(), changed, this::read);
        return changed.pages();
    }

    private void read(long offset, ByteBuffer target) {
        long at = offset;
        while (target.hasRemaining()) {
            ByteBuffer page = mapping.view(at, PAGE);
            target.put(page);
            at += PAGE;
        }
    }

    private void write(FileChannel channel, long offset, long length) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocateDirect(PAGE);
        long begin = offset;
        for (long at = offset; at < offset + length; at += PAGE) {
            if (mapping.view(at, PAGE).mismatch(zeros) < 0) {
                writeAll(channel, begin, at);
                begin = at + PAGE;
            } else if (at + PAGE - begin >= 1 << 20) {
                writeAll(channel, begin, at + PAGE);
                begin = at + PAGE;
            }
        }
        writeAll(channel, begin, offset + length);
    }

    private void writeAll(FileChannel channel, long begin, long end) throws IOException {
        long at = begin;
        while (at < end) {
            // A view must not reach over a gibibyte's end.
            long border = (at / (1L << 30) + 1) << 30;
            ByteBuffer bytes = mapping.view(at, (int) (Math.min(end, border) - at));
            while (bytes.hasRemaining()) {
                at += channel.write(bytes, at);
            }
        }
    }

    @Override
    public void close() {
        mapping.close();
    }
}
