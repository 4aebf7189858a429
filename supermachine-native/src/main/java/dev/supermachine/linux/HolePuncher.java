package dev.supermachine.linux;

import com.sun.jna.LastErrorException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Gives back the disk space of zeros: blocks that hold nothing else become holes, which read the same. Thread-safe, as long as nobody writes the file.
 *
 * @since 0.1
 */
public final class HolePuncher {

    private static final int BLOCK = 4096;
    private static final int CHUNK = 256 * BLOCK;

    private HolePuncher() {}

    /**
     * Punches a hole wherever whole blocks of 4 KiB are zero. Existing holes are skipped without being read. On a file system without holes nothing happens.
     *
     * @param file the file, of any length; its length and contents stay as they are
     * @return how many bytes became holes
     * @throws IOException if the file cannot be read or changed
     */
    public static long punchZeros(Path file) throws IOException {
        int fd = -1;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            fd = Libc.open(file.toString(), Libc.O_RDWR | Libc.O_CLOEXEC, 0);
            long punched = 0;
            for (SparseFile.Extent extent : SparseFile.data(file)) {
                long end = extent.offset() + extent.length();
                punched += punch(fd, channel, extent.offset() / BLOCK * BLOCK, end);
            }
            return punched;
        } catch (LastErrorException e) {
            if (e.getErrorCode() == Errno.EOPNOTSUPP) {
                return 0;
            }
            throw new IOException("Cannot punch holes into " + file + ": " + e.getMessage(), e);
        } finally {
            if (fd >= 0) {
                Libc.close(fd);
            }
        }
    }

    private static long punch(int fd, FileChannel channel, long start, long end) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);
        ByteBuffer zeros = ByteBuffer.allocateDirect(BLOCK);
        long punched = 0;
        long zerosFrom = -1;
        long position = start;
        while (position < end) {
            buffer.clear();
            while (buffer.hasRemaining() && channel.read(buffer, position + buffer.position()) > 0) {
                // a short read is continued; the end of the file ends it
            }
            int read = buffer.position();
            if (read == 0) {
                break;
            }
            for (int at = 0; at < read; at += BLOCK) {
                int length = Math.min(BLOCK, read - at);
                boolean zero = buffer.slice(at, length).mismatch(zeros.slice(0, length)) < 0;
                if (zero && zerosFrom < 0) {
                    zerosFrom = position + at;
                } else if (!zero && zerosFrom >= 0) {
                    punched += hole(fd, zerosFrom, position + at);
                    zerosFrom = -1;
                }
            }
            position += read;
        }
        return zerosFrom < 0 ? punched : punched + hole(fd, zerosFrom, position);
    }

    private static long hole(int fd, long from, long to) {
        Libc.fallocate(fd, Libc.FALLOC_FL_PUNCH_HOLE | Libc.FALLOC_FL_KEEP_SIZE, from, to - from);
        return to - from;
    }
}
