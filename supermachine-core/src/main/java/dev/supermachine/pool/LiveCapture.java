package dev.supermachine.pool;

import dev.supermachine.EngineException;
import dev.supermachine.SnapshotException;
import dev.supermachine.engine.Machine;
import dev.supermachine.pool.MachineSource.LiveMachine;
import dev.supermachine.snapshot.FreeSnapshot;
import dev.supermachine.snapshot.Snapshot;
import dev.supermachine.snapshot.SnapshotDetails;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;

/**
 * One snapshot of a machine that runs and goes on.
 *
 * @param origin what the machine was restored from
 * @param live the machine
 * @param clock the wall clock that its guest is set to
 */
record LiveCapture(Snapshot origin, LiveMachine live, Clock clock) {

    private static final int CONSOLE_LINES = 40;

    /**
     * Takes it. The guest stands still only while its files are filled; what else is to be done to them is done when it runs again.
     *
     * @throws SnapshotException if it cannot be made; nothing is left then
     * @throws dev.supermachine.MachineException if the machine's agent does not answer
     */
    Snapshot into(Path directory) {
        return FreeSnapshot.ofMachine(
                directory,
                origin,
                live.name(),
                workspace -> {
                    Path files = workspace.machineDirectory();
                    List<Path> volumes = new ArrayList<>();
                    for (int volume = 0; volume < origin.volumes().size(); volume++) {
                        volumes.add(workspace.volume(volume));
                    }
                    live.guest().hold(() -> capture(files, volumes, directory), clock, Awakening.STEP_TIMEOUT);
                },
                this::details);
    }

    /** In between, nothing of the machine changes, neither in its memory nor on its disks. */
    private void capture(Path files, List<Path> volumes, Path directory) {
        Machine machine = live.machine();
        try {
            machine.pause();
            try {
                machine.snapshot(files);
                for (int volume = 0; volume < volumes.size(); volume++) {
                    machine.copyVolume(volume, volumes.get(volume));
                }
            } catch (RuntimeException | Error e) {
                resumeAfter(e);
                throw e;
            }
            machine.resume();
        } catch (EngineException e) {
            throw new SnapshotException(
                    "The snapshot of the machine '" + live.name() + "' could not be written to " + directory + ": "
                            + e.getMessage(),
                    e);
        }
    }

    private void resumeAfter(Throwable failure) {
        try {
            live.machine().resume();
        } catch (EngineException e) {
            failure.addSuppressed(e);
        }
    }

    private SnapshotDetails details() {
        return origin.manifest()
                .details()
                .running(
                        "the machine '" + live.name() + "' as it ran",
                        live.machine().console().tail(CONSOLE_LINES));
    }
}
