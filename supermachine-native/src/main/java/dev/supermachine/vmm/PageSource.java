package dev.supermachine.vmm;

import dev.supermachine.linux.Mapping;
import dev.supermachine.linux.OpenFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file with a guest's memory, as {@link GuestRam#capture} wrote it, which any number of machines begin with. What they change is theirs; the file must stay as it
 * is: a machine that meets a page which is no longer there ends, and this process with it if it is the host that touches it. To be closed after those machines.
 * Thread-safe.
 */
final class PageSource implements AutoCloseable {

    private final OpenFile file;
    private final Mapping pages;

    private PageSource(OpenFile file, Mapping pages) {
        this.file = file;
        this.pages = pages;
    }

    /**
     * Opens a file.
     *
     * @param path the file, of whole pages
     * @throws IOException if it is missing, or cannot be opened
     * @throws StateFormatException if its length is none of a guest's memory
     */
    static PageSource open(Path path) throws IOException {
        long length = Files.size(path);
        if (length == 0 || length % Mapping.PAGE != 0) {
            throw new StateFormatException(
                    "Expected a guest's memory of whole pages in " + path + ", but found " + length + " bytes");
        }
        return Closing.orClose(OpenFile.reading(path), file -> new PageSource(file, Mapping.readOnly(file, 0, length)));
    }

    /** How much memory it has, in bytes. */
    long size() {
        return pages.length();
    }

    /** A copy of it to write in, whose pages are its own once they are written. */
    Mapping copyOnWrite() {
        return Mapping.copyOnWrite(file, 0, pages.length());
    }

    /** Its pages, to be read. */
    Mapping pages() {
        return pages;
    }

    @Override
    public void close() {
        pages.close();
        file.close();
    }
}
