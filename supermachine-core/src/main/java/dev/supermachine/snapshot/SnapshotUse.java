package dev.supermachine.snapshot;

import dev.supermachine.linux.FileLock;

/**
 * The promise that a snapshot's files stay where they are, across processes: a shared flock on its manifest, which ends with the process. To be held as long
 * as a machine of the snapshot runs or is prepared. Thread-safe.
 */
public final class SnapshotUse implements AutoCloseable {

    private final Snapshot snapshot;
    private final FileLock lock;

    SnapshotUse(Snapshot snapshot, FileLock lock) {
        this.snapshot = snapshot;
        this.lock = lock;
    }

    /**
     * What is used.
     *
     * @return the snapshot
     */
    public Snapshot snapshot() {
        return snapshot;
    }

    /** Ends the use. Further calls do nothing. */
    @Override
    public void close() {
        lock.close();
    }
}
