package dev.supermachine;

import java.nio.file.Path;
import org.apiguardian.api.API;

/**
 * A writable disk of a machine, with an ext4 file system on it, kept in a file of this host: for {@link OciImageBuilder#withVolume(VolumeSpec)}. Immutable.
 *
 * <pre>{@code
 * VolumeSpec.of(Path.of("/var/cache/tests/modules.img"), "/app/node_modules").withSizeBytes(512L << 20)
 * }</pre>
 *
 * @param hostPath the file; made at the first bake if it is missing
 * @param guestPath where the disk is mounted, an absolute path in the machine
 * @param sizeBytes how large the disk is, in bytes; 0 if that was not said yet
 * @since 0.1
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record VolumeSpec(Path hostPath, String guestPath, long sizeBytes) {

    /** The smallest disk: {@value} bytes, 16 MiB. */
    public static final long LEAST_BYTES = 16L << 20;

    /** The largest disk: {@value} bytes, 1 TiB. */
    public static final long MOST_BYTES = 1L << 40;

    /** What a size is a multiple of: {@value} bytes, 1 MiB. */
    public static final long STEP_BYTES = 1L << 20;

    /**
     * Checks the size.
     *
     * @param hostPath the file; made at the first bake if it is missing
     * @param guestPath where the disk is mounted, an absolute path in the machine
     * @param sizeBytes how large the disk is, in bytes; 0 if that was not said yet
     * @throws IllegalArgumentException if it is neither 0 nor a multiple of {@link #STEP_BYTES} from {@link #LEAST_BYTES} to {@link #MOST_BYTES}
     */
    public VolumeSpec {
        if (sizeBytes != 0 && (sizeBytes < LEAST_BYTES || sizeBytes > MOST_BYTES || sizeBytes % STEP_BYTES != 0)) {
            throw new IllegalArgumentException(
                    "The size of a volume is a multiple of " + STEP_BYTES + " bytes (1 MiB), "
                            + LEAST_BYTES + " (16 MiB) to " + MOST_BYTES + " (1 TiB), but for " + hostPath + " it was: "
                            + sizeBytes);
        }
    }

    /**
     * A disk whose size is still to be given.
     *
     * @param hostPath the file on this host; a relative path begins at the JVM's working directory
     * @param guestPath an absolute path in the machine
     * @return the disk
     */
    public static VolumeSpec of(Path hostPath, String guestPath) {
        return new VolumeSpec(hostPath, guestPath, 0);
    }

    /**
     * With a size.
     *
     * @param bytes a multiple of {@link #STEP_BYTES}, {@link #LEAST_BYTES} to {@link #MOST_BYTES}. The file is sparse and takes what was written to it
     * @return a changed copy
     * @throws IllegalArgumentException if it is another number
     */
    public VolumeSpec withSizeBytes(long bytes) {
        if (bytes == 0) {
            throw new IllegalArgumentException("The size of the volume " + hostPath + " cannot be 0.");
        }
        return new VolumeSpec(hostPath, guestPath, bytes);
    }
}
