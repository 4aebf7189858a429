package dev.supermachine.linux;

import com.sun.jna.LastErrorException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** What a file takes on disk and where it has data, which Java does not tell. */
public final class SparseFile {

    /** Size of {@code struct statx}, linux/stat.h. */
    private static final int STATX_SIZE = 256;

    /** Offset of {@code stx_blocks} in it. */
    private static final int STATX_BLOCKS_OFFSET = 48;

    /** The unit of {@code stx_blocks}, whatever the file system's own. */
    private static final int BLOCK_BYTES = 512;

    private SparseFile() {}

    /**
     * A stretch of a file.
     *
     * @param offset where it begins, in bytes
     * @param length how many bytes it has
     */
    public record Extent(long offset, long length) {}

    /**
     * What a file takes on disk; holes take nothing.
     *
     * @param path a file or directory; a symbolic link is not followed
     * @return the allocated bytes
     * @throws IOException if it cannot be asked
     */
    public static long allocatedBytes(Path path) throws IOException {
        byte[] result = new byte[STATX_SIZE];
        try {
            Libc.statx(Libc.AT_FDCWD, path.toString(), Libc.AT_SYMLINK_NOFOLLOW, Libc.STATX_BLOCKS, result);
        } catch (LastErrorException e) {
            throw new IOException("Cannot ask for the disk usage of " + path + ": " + e.getMessage(), e);
        }
        return ByteBuffer.wrap(result).order(ByteOrder.nativeOrder()).getLong(STATX_BLOCKS_OFFSET) * BLOCK_BYTES;
    }

    /**
     * Where a file has data; everything between reads as zeros. On a file system without holes this is the whole file. Zeros that were written may count
     * as data.
     *
     * @param path the file
     * @return its data extents in ascending order, none of them empty
     * @throws IOException if it cannot be opened or asked
     */
    public static List<Extent> data(Path path) throws IOException {
        int fd;
        try {
            fd = Libc.open(path.toString(), Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        } catch (LastErrorException e) {
            throw new IOException("Cannot open " + path + ": " + e.getMessage(), e);
        }
        try {
            return data(fd);
        } catch (LastErrorException e) {
            throw new IOException("Cannot find the holes of " + path + ": " + e.getMessage(), e);
        } finally {
            Libc.close(fd);
        }
    }

    /**
     * Copies a file without its holes.
     *
     * @param source a file that nobody writes to meanwhile
     * @param target the copy, as long as the source; must not exist
     * @throws IOException if one cannot be read or the other not written; what was written is left then
     */
    public static void copy(Path source, Path target) throws IOException {
        try (FileChannel from = FileChannel.open(source, StandardOpenOption.READ);
                FileChannel to = FileChannel.open(
                        target, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW, StandardOpenOption.SPARSE)) {
            for (Extent extent : data(source)) {
                to.position(extent.offset());
                for (long done = 0; done < extent.length(); ) {
                    long moved = from.transferTo(extent.offset() + done, extent.length() - done, to);
                    if (moved == 0) {
                        throw new EOFException(source + " has become shorter while it was copied");
                    }
                    done += moved;
                }
            }
            long size = from.size();
            if (to.size() < size) {
                // only writing makes a file longer
                to.write(ByteBuffer.allocate(1), size - 1);
            }
            to.force(true);
        }
    }

    private static List<Extent> data(int fd) {
        List<Extent> extents = new ArrayList<>();
        long position = 0;
        while (true) {
            long start;
            try {
                start = Libc.lseek(fd, position, Libc.SEEK_DATA);
            } catch (LastErrorException e) {
                if (e.getErrorCode() == Errno.ENXIO) {
                    return List.copyOf(extents);
                }
                throw e;
            }
            long end = Libc.lseek(fd, start, Libc.SEEK_HOLE);
            extents.add(new Extent(start, end - start));
            position = end;
        }
    }
}
