package dev.supermachine.linux;

import com.sun.jna.LastErrorException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Tells which pages of a mapping are this process's own: of a file that is copied on write those that were written, of an anonymous mapping those that were touched.
 * Since Linux 6.7 one request finds them ({@code PAGEMAP_SCAN}, in microseconds); before, an entry of 8 bytes per page is read from {@code /proc/self/pagemap}.
 *
 * <p>For one thread at a time. All share one descriptor, which is opened at the first use and never closed; what an answer needs room for is made with the first.
 *
 * @since 0.1
 */
public final class PageMap {

    private static final long PAGEMAP_SCAN = 0xC0606610L;

    /** {@code struct pm_scan_arg} of linux/fs.h. */
    static final class PmScanArg {
        static final int SIZEOF = 96;
        static final int SIZE = 0;
        static final int FLAGS = 8;
        static final int START = 16;
        static final int END = 24;
        static final int WALK_END = 32;
        static final int VEC = 40;
        static final int VEC_LEN = 48;
        static final int MAX_PAGES = 56;
        static final int CATEGORY_INVERTED = 64;
        static final int CATEGORY_MASK = 72;
        static final int CATEGORY_ANYOF_MASK = 80;
        static final int RETURN_MASK = 88;

        private PmScanArg() {}
    }

    /** {@code struct page_region} of linux/fs.h, which has start@0, end@8, categories@16. */
    private static final int REGION = 24;

    private static final int REGIONS = 2048;

    private static final int PART = 64;

    /** {@code PAGE_IS_FILE}: a page of a file, or of shared anonymous memory. */
    private static final long PAGE_IS_FILE = 1 << 2;

    /** {@code PAGE_IS_PRESENT | PAGE_IS_SWAPPED}. */
    private static final long PAGE_IS_THERE = 1 << 3 | 1 << 4;

    /** Documentation/admin-guide/mm/pagemap.rst: bit 63 present, 62 swapped, 61 file page or shared anonymous. */
    private static final long ENTRY_IS_THERE = 3L << 62;

    private static final long ENTRY_IS_FILE = 1L << 61;

    private static final int ENTRIES = 8192;

    private static @Nullable OpenFile shared;
    private static boolean kernelScans;

    private final OpenFile file;
    private final boolean scans;
    private @Nullable NativeBlock buffer;

    private PageMap(OpenFile file, boolean scans) {
        this.file = file;
        this.scans = scans;
    }

    /**
     * Opens the best there is on this kernel.
     *
     * @return a new page map
     */
    public static PageMap open() {
        OpenFile file = file();
        return new PageMap(file, kernelScans());
    }

    /**
     * Opens one that works on every kernel, by reading.
     *
     * @return a new page map
     */
    public static PageMap reading() {
        return new PageMap(file(), false);
    }

    /** That of another process. */
    static PageMap of(OpenFile file) {
        return new PageMap(file, knowsScan(file));
    }

    /** After a failure the next call tries anew. */
    private static synchronized OpenFile file() {
        OpenFile present = shared;
        if (present == null) {
            try {
                present = OpenFile.reading(Path.of("/proc/self/pagemap"));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            kernelScans = knowsScan(present);
            shared = present;
        }
        return present;
    }

    private static synchronized boolean kernelScans() {
        return kernelScans;
    }

    private static boolean knowsScan(OpenFile file) {
        NativeBlock argument = new NativeBlock(PmScanArg.SIZEOF + REGION);
        // An empty range has no pages; the kernel checks all else.
        prepare(argument, 1, 0, 0, 1);
        try {
            return file.tryIoctl(PAGEMAP_SCAN, argument.address()) >= 0;
        } finally {
            Reference.reachabilityFence(argument);
        }
    }

    /**
     * Finds the pages of a mapping that are this process's own.
     *
     * @param mapping copied on write, or anonymous
     * @param most after how many pages to stop looking
     * @return at most that many pages, the first of them
     * @throws IllegalStateException if the mapping was closed
     */
    public PageRuns own(Mapping mapping, long most) {
        mapping.requireMapped();
        return own(mapping.address(), mapping.length(), most);
    }

    /** As above, for a range of the process whose page map was opened. */
    PageRuns own(long address, long length, long most) {
        return scans ? scan(address, length, most) : read(address, length, most);
    }

    /** Whether it uses the request of newer kernels. */
    boolean scans() {
        return scans;
    }

    private NativeBlock buffer() {
        NativeBlock present = buffer;
        if (present == null) {
            present = new NativeBlock(scans ? PmScanArg.SIZEOF + REGIONS * REGION : ENTRIES * Long.BYTES);
            buffer = present;
        }
        return present;
    }

    private PageRuns scan(long address, long length, long most) {
        PageRuns runs = new PageRuns();
        NativeBlock buffer = buffer();
        long start = address;
        long end = start + length;
        while (start < end && runs.pages() < most) {
            prepare(buffer, REGIONS, start, end, most - runs.pages());
            int found = file.ioctl("PAGEMAP_SCAN", PAGEMAP_SCAN, buffer);
            for (int i = 0; i < found; i += PART) {
                addRegions(runs, buffer.bytes(), i, Math.min(found, i + PART), address);
            }
            start = buffer.bytes().getLong(PmScanArg.WALK_END);
        }
        return runs;
    }

    /** A part of the regions at a time: a method that is called often is compiled long before one that loops for long. */
    private static void addRegions(PageRuns runs, ByteBuffer bytes, int first, int end, long base) {
        for (int i = first; i < end; i++) {
            int region = PmScanArg.SIZEOF + i * REGION;
            runs.add(bytes.getLong(region) - base, bytes.getLong(region + 8) - base);
        }
    }

    private static void prepare(NativeBlock buffer, int regions, long start, long end, long most) {
        buffer.bytes()
                .putLong(PmScanArg.SIZE, PmScanArg.SIZEOF)
                .putLong(PmScanArg.FLAGS, 0)
                .putLong(PmScanArg.START, start)
                .putLong(PmScanArg.END, end)
                .putLong(PmScanArg.WALK_END, 0)
                .putLong(PmScanArg.VEC, buffer.address(PmScanArg.SIZEOF))
                .putLong(PmScanArg.VEC_LEN, regions)
                .putLong(PmScanArg.MAX_PAGES, most)
                // Not of a file, and either present or swapped out.
                .putLong(PmScanArg.CATEGORY_INVERTED, PAGE_IS_FILE)
                .putLong(PmScanArg.CATEGORY_MASK, PAGE_IS_FILE)
                .putLong(PmScanArg.CATEGORY_ANYOF_MASK, PAGE_IS_THERE)
                .putLong(PmScanArg.RETURN_MASK, PAGE_IS_FILE);
    }

    private PageRuns read(long address, long length, long most) {
        PageRuns runs = new PageRuns();
        NativeBlock buffer = buffer();
        long pages = length / Mapping.PAGE;
        long firstEntry = address / Mapping.PAGE;
        long page = 0;
        while (page < pages && runs.pages() < most) {
            int entries = readEntries(buffer, firstEntry + page, (int) Math.min(ENTRIES, pages - page));
            for (int i = 0; i < entries && runs.pages() < most; i++) {
                long entry = buffer.bytes().getLong(i * Long.BYTES);
                if ((entry & ENTRY_IS_THERE) != 0 && (entry & ENTRY_IS_FILE) == 0) {
                    runs.add((page + i) * Mapping.PAGE, (page + i + 1) * Mapping.PAGE);
                }
            }
            page += entries;
        }
        return runs;
    }

    private int readEntries(NativeBlock buffer, long first, int count) {
        try {
            long read = Libc.pread(file.fd(), buffer.address(), (long) count * Long.BYTES, first * Long.BYTES);
            if (read < Long.BYTES) {
                throw new IllegalStateException(file + " ended at entry " + first);
            }
            return (int) (read / Long.BYTES);
        } catch (LastErrorException e) {
            throw LinuxException.of("pread of " + file, e);
        } finally {
            Reference.reachabilityFence(buffer);
        }
    }
}
