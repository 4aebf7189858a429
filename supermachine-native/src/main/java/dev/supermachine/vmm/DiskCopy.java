package dev.supermachine.vmm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/** Copies what a disk holds into a file, without its zeros. */
final class DiskCopy {

    private static final int PIECE = 1 << 20;
    private static final int BLOCK = 4096;

    private static final Executor OWN_THREAD = task -> {
        Thread thread = new Thread(task, "supermachine-disk-copy");
        thread.setDaemon(true);
        thread.start();
    };

    private DiskCopy() {}

    /** On a thread of its own, because the interrupt of one that reads would close the machine's disk. */
    static void write(BlockStore disk, Path target) throws IOException {
        CompletableFuture<Void> copy = new CompletableFuture<>();
        OWN_THREAD.execute(() -> {
            try {
                copy(disk, target);
                copy.complete(null);
            } catch (IOException | RuntimeException | Error e) {
                copy.completeExceptionally(e);
            }
        });
        try {
            copy.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof IOException failure ? failure : new IOException(e.getCause());
        }
    }

    private static void copy(BlockStore disk, Path target) throws IOException {
        try (FileChannel channel = FileChannel.open(
                target,
                Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW, StandardOpenOption.SPARSE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            ByteBuffer piece = ByteBuffer.allocateDirect(PIECE);
            for (long at = 0; at < disk.size(); at += PIECE) {
                piece.clear().limit((int) Math.min(PIECE, disk.size() - at));
                disk.read(at, piece);
                writeData(channel, at, piece.flip());
            }
            if (channel.size() < disk.size()) {
                // only writing makes a file longer
                channel.write(ByteBuffer.allocate(1), disk.size() - 1);
            }
        }
    }

    private static void writeData(FileChannel channel, long position, ByteBuffer piece) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocateDirect(BLOCK);
        for (int at = 0; at < piece.limit(); at += BLOCK) {
            ByteBuffer block = piece.slice(at, Math.min(BLOCK, piece.limit() - at));
            if (block.mismatch(zeros.clear().limit(block.limit())) >= 0) {
                Channels.writeFully(channel, position + at, block);
            }
        }
    }
}
