package dev.supermachine;

import java.nio.file.Path;
import java.util.function.Consumer;
import org.apiguardian.api.API;

/**
 * A baked image: a snapshot on disk from which machines are restored. Immutable and thread-safe; it holds no machine and need not be closed. As long as it
 * can be reached, no prune removes the snapshot.
 *
 * <pre>{@code
 * Image postgres = Image.builder("postgres:16").withGuestPort(5432).withListenerRequired().build();
 * try (VmPool pool = postgres.pool().max(4).build();
 *         Vm vm = pool.acquire()) {
 *     vm.exec("psql", "-U", "postgres", "-c", "select 1");
 * }
 * }</pre>
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public interface Image {

    /**
     * Starts the description of a bake.
     *
     * @param reference a tag or digest reference in Docker's grammar, {@code oci-layout:PATH} or {@code oci-archive:PATH}
     * @return a builder with the defaults
     * @throws ImageException if the reference cannot be read
     */
    static OciImageBuilder builder(String reference) {
        return Bootstrap.builder(reference);
    }

    /**
     * Bakes under a fixed name unless a snapshot with the same inputs is there already.
     *
     * @param name the snapshot's name, as for {@link OciImageBuilder#withName(String)}
     * @param reference as for {@link #builder(String)}
     * @param configure sets what differs from the defaults; called once
     * @return the image
     * @throws SupermachineException as {@link OciImageBuilder#build()}
     */
    static Image ensureBaked(String name, String reference, Consumer<OciImageBuilder> configure) {
        OciImageBuilder builder = builder(reference).withName(name);
        configure.accept(builder);
        return builder.build();
    }

    /**
     * Opens a snapshot without looking at what it was baked from.
     *
     * @param path a snapshot's folder, or the manifest in it
     * @return the image
     * @throws SnapshotException if the snapshot is damaged, of another format, made by an engine that is not usable here, or just being removed
     * @throws AcquireException if the memory ledger cannot be used
     */
    static Image fromSnapshot(Path path) {
        return Bootstrap.fromSnapshot(path);
    }

    /**
     * The snapshot's name.
     *
     * @return as given to {@link OciImageBuilder#withName(String)} or derived from the reference; for {@link #fromSnapshot(Path)} as at the bake
     */
    String name();

    /**
     * What it was baked from.
     *
     * @return the reference as the user wrote it; for {@link #fromSnapshot(Path)} as at the bake
     */
    String reference();

    /**
     * Memory of each machine.
     *
     * @return MiB, fixed at the bake
     */
    int memoryMib();

    /**
     * Virtual CPUs of each machine.
     *
     * @return the number, fixed at the bake
     */
    int vcpus();

    /**
     * The port that stands for the image's service.
     *
     * @return a guest port
     */
    int guestPort();

    /**
     * Where it came from.
     *
     * @return what {@link OciImageBuilder#build()} had to do
     */
    Origin origin();

    /**
     * Starts the description of a pool of machines.
     *
     * @return a builder with the defaults
     */
    VmPool.Builder pool();

    /**
     * One machine alone, outside any pool. It runs when this returns.
     *
     * @param config what distinguishes this machine
     * @return the machine; closing it ends it
     * @throws AcquireException if there is not enough memory within the acquire time-out, the limit of
     *     {@link VmConfig#withRestoreTimeout(java.time.Duration)} is over, or the guest does not take one of the configuration's files
     * @throws EngineException if the engine cannot restore it
     * @throws MachineException if its agent does not answer
     * @throws SnapshotException if the snapshot's files were removed by hand
     * @throws IllegalArgumentException if memory or vCPUs are given and differ from those baked, or the environment does not fit into a request of 64 KiB
     * @throws java.io.UncheckedIOException if a file of this host that the configuration names cannot be read
     */
    Vm start(VmConfig config);

    /**
     * What a build had to do.
     *
     * @param snapshot the snapshot's folder
     * @param baked false if a snapshot with the same inputs was there already
     * @param pullMillis time until all bytes of the image were verified on disk, in milliseconds
     * @param bakeMillis time from then until the snapshot was published, in milliseconds; 0 if nothing was baked
     */
    @API(status = API.Status.EXPERIMENTAL, since = "0.1")
    record Origin(Path snapshot, boolean baked, long pullMillis, long bakeMillis) {}
}
