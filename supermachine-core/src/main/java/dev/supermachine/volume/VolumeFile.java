package dev.supermachine.volume;

import dev.supermachine.BakeException;
import dev.supermachine.VolumeSpec;
import dev.supermachine.linux.SparseFile;
import dev.supermachine.linux.StoreTrouble;
import dev.supermachine.snapshot.ContentHash;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Set;
import java.util.UUID;

/**
 * The file of a volume on this host, with what was in it when it was read. Immutable.
 *
 * @param spec what the user said of it
 * @param file where it is, with links followed; it may be missing
 * @param content the hash of what is in it, empty if there is nothing: the file is missing, or has zeros only
 * @since 0.1
 */
public record VolumeFile(VolumeSpec spec, Path file, String content) {

    /**
     * Looks at a file and reads all that is in it.
     *
     * @param spec what the user said of it
     * @return the file as it is
     * @throws BakeException if it is no file, of another size, or has something else in it than an ext4 file system
     */
    public static VolumeFile read(VolumeSpec spec) {
        Path path = spec.hostPath().toAbsolutePath().normalize();
        try {
            if (!Files.exists(path)) {
                return new VolumeFile(spec, path, "");
            }
            Path file = path.toRealPath();
            check(spec, path, file);
            return new VolumeFile(spec, file, content(path, file));
        } catch (IOException e) {
            throw new BakeException(
                    "The file " + path + " of the volume at " + spec.guestPath() + " cannot be read: "
                            + StoreTrouble.reason(e) + ".",
                    e);
        }
    }

    private static void check(VolumeSpec spec, Path path, Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw unfit(
                    path,
                    "it is " + (Files.isDirectory(file) ? "a directory" : "neither a file nor missing")
                            + ". A volume is kept in a file: give the path of one, which is made if it is missing.");
        }
        long size = Files.size(file);
        if (size != spec.sizeBytes()) {
            throw unfit(
                    path,
                    "it has " + size + " bytes, but the volume is to have " + spec.sizeBytes()
                            + ". Give its own size, or delete it for a new one.");
        }
    }

    private static String content(Path path, Path file) throws IOException {
        ByteBuffer start = ByteBuffer.allocate(Ext4Superblock.OFFSET + Ext4Superblock.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            while (start.hasRemaining() && channel.read(start) >= 0) {
                // a short read is continued
            }
            int magic = Ext4Superblock.OFFSET + Ext4Superblock.MAGIC_OFFSET;
            if (start.getShort(magic) == (short) Ext4Superblock.MAGIC) {
                return ContentHash.of(file);
            }
            if (!isZero(channel, file)) {
                throw unfit(
                        path,
                        "what is in it is not an ext4 file system. Give another path, or delete it if it is of no more use.");
            }
            return "";
        }
    }

    private static boolean isZero(FileChannel channel, Path file) throws IOException {
        ByteBuffer piece = ByteBuffer.allocate(1 << 16);
        ByteBuffer zeros = ByteBuffer.allocate(1 << 16);
        for (SparseFile.Extent extent : SparseFile.data(file)) {
            for (long at = extent.offset(); at < extent.offset() + extent.length(); at += piece.limit()) {
                piece.clear();
                int read = channel.read(piece, at);
                if (read > 0 && piece.flip().mismatch(zeros.clear().limit(read)) >= 0) {
                    return false;
                }
            }
        }
        return true;
    }

    private static BakeException unfit(Path path, String why) {
        return new BakeException("The file " + path + " cannot be a volume: " + why);
    }

    /**
     * Whether there is nothing in it yet.
     *
     * @return whether a bake begins with an empty file system
     */
    public boolean isNew() {
        return content.isEmpty();
    }

    /**
     * Makes the disk that a bake begins with: a copy of the file, or an empty file system.
     *
     * @param target a new file
     * @throws IOException if it cannot be written
     */
    public void copyTo(Path target) throws IOException {
        if (!isNew()) {
            SparseFile.copy(file, target);
            return;
        }
        try (FileChannel channel = FileChannel.open(
                target, Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW, StandardOpenOption.SPARSE))) {
            channel.write(ByteBuffer.allocate(1), spec.sizeBytes() - 1);
        }
        Ext4Formatter.format(target, UUID.randomUUID(), Instant.now());
    }

    /**
     * Replaces the file by a copy of what a bake has left, in one step: whoever looks sees the one or the other. By the holder of its {@link VolumeLocks}.
     *
     * @param source what is to be in it
     * @throws IOException if it cannot be written; it is as it was then
     */
    public void replaceBy(Path source) throws IOException {
        Path copy = file.resolveSibling(file.getFileName() + ".part");
        try {
            // one that is there was left by somebody who held the lock and is gone
            Files.deleteIfExists(copy);
            SparseFile.copy(source, copy);
            if (Files.exists(file)) {
                Files.setPosixFilePermissions(copy, Files.getPosixFilePermissions(file));
            }
            Files.move(copy, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(copy);
        }
    }
}
