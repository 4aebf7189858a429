package dev.supermachine.vmm;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** All or nothing, which a single call of a file's channel does not promise. */
final class Channels {

    private Channels() {}

    /** Fills the target from a place of the file. */
    static void readFully(FileChannel channel, Path path, long position, ByteBuffer target) throws IOException {
        long at = position;
        while (target.hasRemaining()) {
            int length = channel.read(target, at);
            if (length < 0) {
                throw new EOFException(path + " ends at " + at + ", before " + (at + target.remaining()));
            }
            at += length;
        }
    }

    /** Writes all of the source to a place of the file. */
    static void writeFully(FileChannel channel, long position, ByteBuffer source) throws IOException {
        long at = position;
        while (source.hasRemaining()) {
            at += channel.write(source, at);
        }
    }
}
