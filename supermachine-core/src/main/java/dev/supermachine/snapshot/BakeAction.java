package dev.supermachine.snapshot;

import java.io.IOException;

/** Makes a snapshot, for {@link SnapshotStore#bakeOnce}. */
@FunctionalInterface
public interface BakeAction {

    /**
     * Boots, makes ready and captures a machine. When it returns, the machine must no longer write to the workspace.
     *
     * @param workspace where the files go; it is gone when this method throws
     * @return what was made
     * @throws IOException if a file cannot be written; becomes a {@link dev.supermachine.BakeException}
     */
    SnapshotDetails bake(BakeWorkspace workspace) throws IOException;
}
