package dev.supermachine.linux;

import java.util.Arrays;
import java.util.function.LongPredicate;

/**
 * Pages of a mapping, as runs of pages that lie one behind the other. Immutable once it was handed out.
 *
 * @since 0.1
 */
public final class PageRuns {

    /** Begin and end by turns. */
    private long[] bounds = new long[16];

    private int size;
    private long bytes;

    PageRuns() {}

    /**
     * No page at all.
     *
     * @return an empty selection
     */
    public static PageRuns none() {
        return new PageRuns();
    }

    /** Adds a run that begins at or behind the end of the last. */
    void add(long begin, long end) {
        bytes += end - begin;
        if (size > 0 && bounds[size - 1] == begin) {
            bounds[size - 1] = end;
            return;
        }
        if (size == bounds.length) {
            bounds = Arrays.copyOf(bounds, 2 * size);
        }
        bounds[size++] = begin;
        bounds[size++] = end;
    }

    /**
     * How many runs there are.
     *
     * @return 0 or more
     */
    public int count() {
        return size / 2;
    }

    /**
     * Where a run begins.
     *
     * @param run from 0; runs are in ascending order and do not touch each other
     * @return bytes from the mapping's begin
     */
    public long offset(int run) {
        return bounds[2 * checked(run)];
    }

    /**
     * How long a run is.
     *
     * @param run from 0
     * @return bytes, whole pages
     */
    public long length(int run) {
        return bounds[2 * checked(run) + 1] - bounds[2 * run];
    }

    /**
     * Where a run ends.
     *
     * @param run from 0
     * @return bytes from the mapping's begin, of the first that is behind it
     */
    public long end(int run) {
        return bounds[2 * checked(run) + 1];
    }

    /**
     * Those pages that some condition holds for.
     *
     * @param condition is asked of each page, by the bytes from the mapping's begin
     * @return a selection
     */
    public PageRuns select(LongPredicate condition) {
        PageRuns selected = new PageRuns();
        for (int run = 0; run < count(); run++) {
            for (long page = offset(run); page < end(run); page += Mapping.PAGE) {
                if (condition.test(page)) {
                    selected.add(page, page + Mapping.PAGE);
                }
            }
        }
        return selected;
    }

    /**
     * How many pages there are in all runs.
     *
     * @return 0 or more
     */
    public long pages() {
        return bytes / Mapping.PAGE;
    }

    private int checked(int run) {
        if (run < 0 || run >= count()) {
            throw new IndexOutOfBoundsException("Run " + run + " of " + count());
        }
        return run;
    }
}
