package dev.supermachine.vmm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file as a disk, which can only be read. A thread that reads must not be interrupted: that closes the file. */
final class FileBlockStore implements BlockStore {

    private final Path path;
    private final FileChannel channel;
    private final long size;

    private FileBlockStore(Path path, FileChannel channel) throws IOException {
        this.path = path;
        this.channel = channel;
        size = channel.size();
    }

    /**
     * Opens a file.
     *
     * @param path the file, of the size that the disk shall have
     * @throws IOException if it cannot be opened
     */
    static FileBlockStore open(Path path) throws IOException {
        return Closing.orClose(
                FileChannel.open(path, StandardOpenOption.READ), channel -> new FileBlockStore(path, channel));
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public void read(long position, ByteBuffer target) throws IOException {
        Channels.readFully(channel, path, position, target);
    }

    @Override
    public void write(long position, ByteBuffer source) throws IOException {
        throw new IOException("The disk " + path + " can only be read");
    }

    @Override
    public void flush() {}

    @Override
    public void discard() {}

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
