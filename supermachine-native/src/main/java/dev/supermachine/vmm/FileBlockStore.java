package dev.supermachine.vmm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file as a disk. A thread that reads or writes must not be interrupted: that closes the file. */
final class FileBlockStore implements BlockStore {

    private final Path path;
    private final FileChannel channel;
    private final long size;
    private final boolean writable;

    private FileBlockStore(Path path, FileChannel channel, boolean writable) throws IOException {
        this.path = path;
        this.channel = channel;
        this.writable = writable;
        size = channel.size();
    }

    /**
     * Opens a file that can only be read.
     *
     * @param path the file, of the size that the disk shall have
     * @throws IOException if it cannot be opened
     */
    static FileBlockStore open(Path path) throws IOException {
        return Closing.orClose(
                FileChannel.open(path, StandardOpenOption.READ), channel -> new FileBlockStore(path, channel, false));
    }

    /**
     * Opens a file that is written to.
     *
     * @param path the file, of the size that the disk has and keeps
     * @throws IOException if it cannot be opened
     */
    static FileBlockStore openWritable(Path path) throws IOException {
        return Closing.orClose(
                FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE),
                channel -> new FileBlockStore(path, channel, true));
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
        if (!writable) {
            throw new IOException("The disk " + path + " can only be read");
        }
        Channels.writeFully(channel, position, source);
    }

    /** What a machine writes counts once it is captured, and who captures it writes the files to disk. */
    @Override
    public void flush() {}

    @Override
    public void discard() {}

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
