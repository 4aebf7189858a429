package dev.supermachine.engine;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** A console on disk, for people. A guest that prints without end must not fill the disk, so beyond a limit the file starts again. Not thread-safe. */
final class ConsoleFile implements AutoCloseable {

    static final long LIMIT = 8L << 20;

    private final FileChannel file;
    private long size;

    private ConsoleFile(FileChannel file) throws IOException {
        this.file = file;
        this.size = file.size();
        file.position(size);
    }

    /** Makes the file, readable by its owner only; what was there is replaced. */
    static ConsoleFile create(Path path) throws IOException {
        return new ConsoleFile(FileChannel.open(
                path,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))));
    }

    /** Goes on with a file. */
    static ConsoleFile append(Path path) throws IOException {
        return new ConsoleFile(FileChannel.open(path, StandardOpenOption.WRITE));
    }

    void write(String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        if (size + bytes.remaining() > LIMIT) {
            file.truncate(0);
            file.position(0);
            size = 0;
        }
        size += bytes.remaining();
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
