package dev.supermachine.engine.qemu;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * An empty file of QEMU's format qcow2 (version 3, {@code docs/interop/qcow2.txt} of QEMU), for what a machine writes to a disk that others read. What lies below it is
 * named on QEMU's command line, so that no path is in the file. Its name goes once QEMU has it open, and its room with the machine.
 */
final class QcowOverlay implements AutoCloseable {

    static final int CLUSTER_BITS = 16;

    private static final int CLUSTER = 1 << CLUSTER_BITS;
    private static final int MAGIC = 0x514649FB;
    private static final int HEADER_BYTES = 104;

    /** Counts of 16 bits: {@code 1 << order}. */
    private static final int REFCOUNT_ORDER = 4;

    /** What one table of the second level covers: an entry of 8 bytes for each cluster, as many as a cluster holds. */
    private static final long COVERED = (long) CLUSTER / Long.BYTES * CLUSTER;

    // The first clusters, one for each; the table of the first level comes last and takes one for each 4 TiB.
    private static final int REFCOUNT_TABLE = 1;
    private static final int REFCOUNT_BLOCK = 2;
    private static final int FIRST_LEVEL = 3;

    private final Path file;

    private QcowOverlay(Path file) {
        this.file = file;
    }

    /**
     * Makes one.
     *
     * @param directory where
     * @param size of the disk below it, in bytes
     * @throws IOException if it cannot be made
     */
    static QcowOverlay create(Path directory, long size) throws IOException {
        QcowOverlay overlay = new QcowOverlay(Files.createTempFile(directory, "supermachine-volume", ".qcow2"));
        try (FileChannel channel = FileChannel.open(overlay.file, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(content(size));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            return overlay;
        } catch (IOException e) {
            overlay.close();
            throw e;
        }
    }

    Path file() {
        return file;
    }

    private static byte[] content(long size) {
        long entries = (size + COVERED - 1) / COVERED;
        int firstLevelClusters = (int) ((entries * Long.BYTES + CLUSTER - 1) / CLUSTER);
        int clusters = FIRST_LEVEL + firstLevelClusters;
        ByteBuffer all = ByteBuffer.allocate(clusters * CLUSTER);
        all.putInt(MAGIC).putInt(3);
        all.putLong(0).putInt(0); // names no file below
        all.putInt(CLUSTER_BITS).putLong(size).putInt(0);
        all.putInt((int) entries).putLong((long) FIRST_LEVEL * CLUSTER);
        all.putLong((long) REFCOUNT_TABLE * CLUSTER).putInt(1);
        all.putInt(0).putLong(0); // no snapshots inside
        all.putLong(0).putLong(0).putLong(0); // no features
        all.putInt(REFCOUNT_ORDER).putInt(HEADER_BYTES);
        all.putLong(REFCOUNT_TABLE * CLUSTER, (long) REFCOUNT_BLOCK * CLUSTER);
        for (int cluster = 0; cluster < clusters; cluster++) {
            all.putShort(REFCOUNT_BLOCK * CLUSTER + cluster * Short.BYTES, (short) 1);
        }
        return all.array();
    }

    /** Takes its name away; who has it open keeps it. */
    @Override
    public void close() throws IOException {
        Files.deleteIfExists(file);
    }
}
