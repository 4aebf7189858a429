package dev.supermachine.vmm;

import dev.supermachine.linux.Mapping;
import dev.supermachine.linux.OpenFile;
import dev.supermachine.linux.PageRuns;
import dev.supermachine.linux.PagesFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What any number of machines begin with: a file with a guest's memory, as {@link GuestRam#capture} wrote it, and maybe another one with the pages that are laid over
 * it, as {@link GuestRam#captureDifference} wrote it. What machines change is theirs; the files must stay as they are: a machine that meets a page which is no longer
 * there ends, and this process with it if it is the host that touches it. To be closed after those machines. Thread-safe.
 */
final class PageSource implements AutoCloseable {

    private final OpenFile file;
    private final Mapping pages;
    private final @Nullable Changes changes;

    private PageSource(OpenFile file, Mapping pages, @Nullable Changes changes) {
        this.file = file;
        this.pages = pages;
        this.changes = changes;
    }

    /**
     * Opens a file.
     *
     * @param path the file, of whole pages
     * @throws IOException if it is missing, or cannot be opened
     * @throws StateFormatException if its length is none of a guest's memory
     */
    static PageSource open(Path path) throws IOException {
        return open(path, null);
    }

    /**
     * Opens a file, and one with what differs.
     *
     * @param path the file, of whole pages
     * @param difference the file of pages that are laid over it, if there are any
     * @throws IOException if one is missing, or cannot be opened, or the latter belongs to no such memory
     * @throws StateFormatException if the length of the former is none of a guest's memory
     */
    static PageSource open(Path path, @Nullable Path difference) throws IOException {
        long length = Files.size(path);
        if (length == 0 || length % Mapping.PAGE != 0) {
            throw new StateFormatException(
                    "Expected a guest's memory of whole pages in " + path + ", but found " + length + " bytes");
        }
        Changes changes = difference == null ? null : Changes.open(difference, length);
        try {
            return Closing.orClose(
                    OpenFile.reading(path), file -> new PageSource(file, Mapping.readOnly(file, 0, length), changes));
        } catch (IOException | RuntimeException | Error e) {
            if (changes != null) {
                Closing.closeAfter(e, changes);
            }
            throw e;
        }
    }

    /** How much memory it has, in bytes. */
    long size() {
        return pages.length();
    }

    /** A copy of it to write in, whose pages are its own once they are written; those that are laid over the file are from the beginning. */
    Mapping copyOnWrite() {
        return Closing.orClose(Mapping.copyOnWrite(file, 0, pages.length()), mapping -> {
            layOver(mapping);
            return mapping;
        });
    }

    /** Whether a page of a machine is that of the file, without what is laid over it. */
    boolean isOfTheFile(Mapping memory, long page) {
        return memory.hasSamePage(pages, page);
    }

    /** Makes pages of a machine again what they were. */
    void copyTo(Mapping memory, PageRuns runs) {
        if (changes == null) {
            memory.copyFrom(pages, runs);
        } else {
            changes.copyTo(memory, runs, pages);
        }
    }

    /** Drops all that a machine has changed. */
    void dropTo(Mapping memory) {
        memory.drop(0, size());
        layOver(memory);
    }

    private void layOver(Mapping memory) {
        if (changes != null) {
            changes.copyTo(memory, changes.runs, pages);
        }
    }

    @Override
    public void close() {
        pages.close();
        file.close();
        if (changes != null) {
            changes.close();
        }
    }

    /** The pages that are laid over the file. */
    private static final class Changes implements AutoCloseable {

        private final PageRuns runs;

        /** Where in the mapping the pages of each run begin. */
        private final long[] begins;

        /** All of the file. */
        private final Mapping mapping;

        private Changes(PageRuns runs, long begin, Mapping mapping) {
            this.runs = runs;
            this.mapping = mapping;
            this.begins = new long[runs.count()];
            long at = begin;
            for (int run = 0; run < begins.length; run++) {
                begins[run] = at;
                at += runs.length(run);
            }
        }

        static Changes open(Path path, long size) throws IOException {
            try (PagesFile pages = PagesFile.open(path, size);
                    OpenFile file = OpenFile.reading(path)) {
                long length = pages.begin() + pages.runs().pages() * Mapping.PAGE;
                return new Changes(pages.runs(), pages.begin(), Mapping.readOnly(file, 0, length));
            }
        }

        /** Both have their runs in ascending order, so one look at each suffices. */
        void copyTo(Mapping memory, PageRuns wanted, Mapping below) {
            int next = 0;
            for (int run = 0; run < wanted.count(); run++) {
                long at = wanted.offset(run);
                long end = wanted.end(run);
                while (at < end) {
                    while (next < runs.count() && runs.end(next) <= at) {
                        next++;
                    }
                    boolean changed = next < runs.count() && runs.offset(next) <= at;
                    long until = next == runs.count() ? end : changed ? runs.end(next) : runs.offset(next);
                    long count = Math.min(end, until) - at;
                    if (changed) {
                        memory.copyFrom(mapping, begins[next] + at - runs.offset(next), at, count);
                    } else {
                        memory.copyFrom(below, at, count);
                    }
                    at += count;
                }
            }
        }

        @Override
        public void close() {
            mapping.close();
        }
    }
}
