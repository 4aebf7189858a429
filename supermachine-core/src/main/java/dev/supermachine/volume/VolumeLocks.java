package dev.supermachine.volume;

import dev.supermachine.BakeException;
import dev.supermachine.linux.StoreTrouble;
import dev.supermachine.snapshot.BakeLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The right to write to the files of volumes: a lock file beside each, with a flock that ends with the process. Used by one thread. */
public final class VolumeLocks implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(VolumeLocks.class);

    private final Map<Path, BakeLock> held = new LinkedHashMap<>();

    /** None as yet. */
    public VolumeLocks() {}

    /**
     * Locks all of them.
     *
     * @param files the volumes
     * @param name what is baked, for others to read
     * @throws BakeException if another bake has one of them, with its process id
     */
    public void acquire(List<VolumeFile> files, String name) {
        for (VolumeFile file : files) {
            if (!tryAcquire(file, name)) {
                throw new BakeException(
                        "The file " + file.file() + " of the volume at "
                                + file.spec().guestPath() + " is in use by " + BakeLock.holder(lockOf(file))
                                + ". One bake at a time can write to it: wait for that one, or give this bake a file of its own.");
            }
        }
    }

    /**
     * Locks one if nobody else has it.
     *
     * @param file the volume
     * @param name what is baked, for others to read
     * @return whether it is locked now
     */
    public boolean tryAcquire(VolumeFile file, String name) {
        Path path = lockOf(file);
        try {
            // an absolute path of a file
            Files.createDirectories(Objects.requireNonNull(path.getParent()));
            Optional<BakeLock> lock = BakeLock.tryAcquire(path);
            if (lock.isPresent()) {
                held.put(path, lock.get());
                lock.get().writeHolder(name);
            }
            return lock.isPresent();
        } catch (IOException e) {
            throw new BakeException(
                    "The file " + file.file() + " of the volume at "
                            + file.spec().guestPath()
                            + " cannot be locked: " + StoreTrouble.reason(e)
                            + ". Its directory has to be on a local file system and writable.",
                    e);
        }
    }

    /**
     * Whether this has locked one.
     *
     * @param file the volume
     * @return whether nobody else can write to it
     */
    public boolean holds(VolumeFile file) {
        return held.containsKey(lockOf(file));
    }

    private static Path lockOf(VolumeFile file) {
        return file.file().resolveSibling(file.file().getFileName() + ".lock");
    }

    /** Lets go of all of them. */
    @Override
    public void close() {
        for (BakeLock lock : held.values()) {
            try {
                lock.removeFile();
            } catch (IOException e) {
                LOG.debug("Left a lock file behind", e);
            } finally {
                lock.close();
            }
        }
        held.clear();
    }
}
