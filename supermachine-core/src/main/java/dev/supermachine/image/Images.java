package dev.supermachine.image;

import dev.supermachine.EngineException;
import dev.supermachine.Image;
import dev.supermachine.OciImageBuilder;
import dev.supermachine.SnapshotException;
import dev.supermachine.bake.BakeListener;
import dev.supermachine.bake.BakeMemory;
import dev.supermachine.bake.BakeRequest;
import dev.supermachine.bake.Baker;
import dev.supermachine.bake.Forecast;
import dev.supermachine.engine.EngineSelector;
import dev.supermachine.engine.Hypervisor;
import dev.supermachine.oci.ProgressRenderer;
import dev.supermachine.pool.MachineMemory;
import dev.supermachine.pool.MemoryLedger;
import dev.supermachine.settings.KeepOnFailure;
import dev.supermachine.settings.Settings;
import dev.supermachine.snapshot.Snapshot;
import dev.supermachine.snapshot.SnapshotDetails;
import dev.supermachine.snapshot.SnapshotStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What the public API's factories call. Callers with settings of their own, such as a test framework's, give them here.
 *
 * @since 0.1
 */
public final class Images {

    /** One ledger for each directory, held until the process ends: its bookings lapse with it. */
    private static final Map<Path, MemoryLedger> LEDGERS = new ConcurrentHashMap<>();

    private Images() {}

    /**
     * A builder with the settings of this JVM.
     *
     * @param reference as for {@link Image#builder(String)}
     * @return the builder
     */
    public static OciImageBuilder builder(String reference) {
        return builder(reference, Settings.system());
    }

    /**
     * A builder.
     *
     * @param reference as for {@link Image#builder(String)}
     * @param settings what holds unless the builder says otherwise
     * @return the builder
     */
    public static OciImageBuilder builder(String reference, Settings settings) {
        return builder(reference, settings, BakeListener.SILENT);
    }

    /**
     * A builder whose bakes are followed.
     *
     * @param reference as for {@link Image#builder(String)}
     * @param settings what holds unless the builder says otherwise
     * @param listener hears of the progress of bakes
     * @return the builder
     */
    public static OciImageBuilder builder(String reference, Settings settings, BakeListener listener) {
        return new ImageBuilder(settings, reference).followedBy(listener);
    }

    /**
     * What a build would find. Pulls the image and reads the extra files, but bakes nothing.
     *
     * @param builder one of these factories'
     * @return whether there is a snapshot, and if not, in what the one that comes closest differs
     * @throws dev.supermachine.SupermachineException as {@link OciImageBuilder#build()}
     */
    public static Forecast forecast(OciImageBuilder builder) {
        return ((ImageBuilder) builder).forecast();
    }

    /**
     * An image over a snapshot.
     *
     * @param path as for {@link Image#fromSnapshot(Path)}
     * @return the image
     */
    public static Image fromSnapshot(Path path) {
        return fromSnapshot(path, Settings.system());
    }

    /**
     * The same with other settings.
     *
     * @param path as for {@link Image#fromSnapshot(Path)}
     * @param settings what holds for its machines
     * @return the image
     */
    public static Image fromSnapshot(Path path, Settings settings) {
        MemoryLedger ledger = ledger(settings);
        Snapshot snapshot = Snapshot.open(path);
        SnapshotDetails details = snapshot.manifest().details();
        Hypervisor hypervisor;
        try {
            hypervisor = EngineSelector.select(details.engineId());
        } catch (EngineException e) {
            throw new SnapshotException(
                    "The snapshot " + snapshot.directory() + " cannot be restored here: " + e.getMessage(), e);
        }
        snapshot.requireEngine(hypervisor.id(), hypervisor.identity());
        return new BakedImage(
                snapshot.acquireUse(),
                snapshot.manifest().name(),
                details.imageReference(),
                hypervisor,
                new Image.Origin(snapshot.directory(), false, 0, 0),
                ledger,
                settings.acquireTimeout(),
                settings.keepOnFailure());
    }

    static Image bake(Settings settings, BakeRequest request, Path snapshotsDirectory, BakeListener listener) {
        // Before the bake, so that a wrong setting is not told only after it.
        MemoryLedger ledger = ledger(settings);
        Duration acquireTimeout = settings.acquireTimeout();
        KeepOnFailure keep = settings.keepOnFailure();
        Hypervisor hypervisor = engine(settings, request);
        SnapshotStore store = new SnapshotStore(snapshotsDirectory, settings);
        BakeMemory memory = (machine, mib) -> MachineMemory.book(ledger, machine, mib, acquireTimeout)::close;
        Baker.Baked baked = new Baker(settings, store, ProgressRenderer.forStandardError(), memory)
                .followedBy(listener)
                .bake(request, hypervisor);
        return new BakedImage(
                baked.use(),
                request.name(),
                request.reference(),
                hypervisor,
                new Image.Origin(
                        baked.use().snapshot().directory(), baked.baked(), baked.pullMillis(), baked.bakeMillis()),
                ledger,
                acquireTimeout,
                keep);
    }

    static Forecast forecast(Settings settings, BakeRequest request, Path snapshotsDirectory) {
        BakeMemory none = (machine, mib) -> {
            throw new IllegalStateException("A forecast boots nothing, but asked for memory for " + machine);
        };
        SnapshotStore store = new SnapshotStore(snapshotsDirectory, settings);
        return new Baker(settings, store, ProgressRenderer.forStandardError(), none)
                .forecast(request, engine(settings, request));
    }

    private static Hypervisor engine(Settings settings, BakeRequest request) {
        return EngineSelector.select(request.engine().or(settings::engine).orElse(null));
    }

    private static MemoryLedger ledger(Settings settings) {
        return LEDGERS.computeIfAbsent(
                SnapshotStore.of(settings).ledgerDirectory(), directory -> MemoryLedger.open(directory, settings));
    }
}
