package dev.supermachine.oci;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** The files of a layout, by their paths inside it: a directory or a tar. May be read by several threads. */
interface LayoutFiles extends AutoCloseable {

    boolean contains(String path);

    InputStream open(String path) throws IOException;

    /** Where a file is, for messages. */
    String where(String path);

    @Override
    default void close() throws IOException {}

    /** The files below a directory. */
    static LayoutFiles of(Path directory) {
        return new LayoutFiles() {
            @Override
            public boolean contains(String path) {
                return Files.isRegularFile(directory.resolve(path));
            }

            @Override
            public InputStream open(String path) throws IOException {
                return Files.newInputStream(directory.resolve(path));
            }

            @Override
            public String where(String path) {
                return directory.resolve(path).toString();
            }
        };
    }
}
