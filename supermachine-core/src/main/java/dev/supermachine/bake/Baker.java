package dev.supermachine.bake;

import dev.supermachine.BakeException;
import dev.supermachine.ImageException;
import dev.supermachine.Wait;
import dev.supermachine.agent.AgentBinary;
import dev.supermachine.engine.Hypervisor;
import dev.supermachine.engine.MachineSpec;
import dev.supermachine.guest.GuestKernel;
import dev.supermachine.guest.Initramfs;
import dev.supermachine.guest.WorkloadSpec;
import dev.supermachine.json.JsonWriter;
import dev.supermachine.oci.ContentStore;
import dev.supermachine.oci.Healthcheck;
import dev.supermachine.oci.ImageConfig;
import dev.supermachine.oci.ImagePuller;
import dev.supermachine.oci.PullListener;
import dev.supermachine.oci.PullSettings;
import dev.supermachine.oci.PulledImage;
import dev.supermachine.rootfs.ExtraFiles;
import dev.supermachine.rootfs.RootfsLimits;
import dev.supermachine.settings.Settings;
import dev.supermachine.snapshot.BakeWorkspace;
import dev.supermachine.snapshot.SnapshotDetails;
import dev.supermachine.snapshot.SnapshotStore;
import dev.supermachine.snapshot.SnapshotUse;
import dev.supermachine.snapshot.SnapshotVolume;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * From a request to a snapshot: pull, fingerprint, and, unless the store has it, flatten, boot, make ready, capture. Thread-safe.
 *
 * @since 0.1
 */
public final class Baker {

    private static final Logger LOG = LoggerFactory.getLogger(Baker.class);

    /** How often the files of volumes are read, if others write to them meanwhile. */
    private static final int VOLUME_ATTEMPTS = 3;

    private final Settings settings;
    private final SnapshotStore store;
    private final PullListener pullListener;
    private final BakeMemory memory;

    /**
     * A baker.
     *
     * @param settings where the cache is, and how long things may take
     * @param store where snapshots go
     * @param pullListener hears of the progress of downloads
     * @param memory gives the machine its memory
     */
    public Baker(Settings settings, SnapshotStore store, PullListener pullListener, BakeMemory memory) {
        this.settings = settings;
        this.store = store;
        this.pullListener = pullListener;
        this.memory = memory;
    }

    /**
     * The snapshot for a request, baked if need be.
     *
     * @param wanted what is wanted
     * @param hypervisor the engine, usable
     * @return the snapshot, held, and what it took
     * @throws dev.supermachine.SupermachineException as {@link dev.supermachine.OciImageBuilder#build()}
     */
    public Baked bake(BakeRequest wanted, Hypervisor hypervisor) {
        // What is wrong with a file of this host is told before anything is asked of a registry.
        ExtraFiles extraFiles = ExtraFiles.read(wanted.extraFiles());
        BakeVolumes volumes = BakeVolumes.read(wanted);
        long start = System.nanoTime();
        PulledImage image = pull(wanted);
        long pulled = System.nanoTime();
        BakeRequest request = withReadiness(wanted, image);
        WorkloadSpec workload = workload(request, image.config());
        requireHealthcheck(request, image.config());
        Guest guest = guest();
        BakeInputs inputs = inputs(request, hypervisor, image, guest, extraFiles);
        AtomicBoolean baked = new AtomicBoolean();
        SnapshotUse use = bake(request, inputs, volumes, (disks, workspace) -> {
            SnapshotDetails details = make(request, hypervisor, image, workload, guest, extraFiles, disks, workspace);
            baked.set(true);
            return details;
        });
        long done = System.nanoTime();
        return new Baked(use, baked.get(), (pulled - start) / 1_000_000, baked.get() ? (done - pulled) / 1_000_000 : 0);
    }

    /** Makes a snapshot with volumes. */
    private interface Action {

        SnapshotDetails make(BakeVolumes volumes, BakeWorkspace workspace) throws IOException;
    }

    /** Another bake may have written to the files of volumes since they were read; then they are read again. */
    private SnapshotUse bake(BakeRequest request, BakeInputs inputs, BakeVolumes asRead, Action action) {
        BakeVolumes volumes = asRead;
        for (int attempt = 1; ; attempt++) {
            try (BakeVolumes held = volumes) {
                return bake(request.name(), held.complete(inputs, store), held, action);
            } catch (BakeVolumes.ChangedException e) {
                if (attempt == VOLUME_ATTEMPTS) {
                    throw new BakeException(String.valueOf(e.getMessage()), e);
                }
                volumes = BakeVolumes.read(request);
            }
        }
    }

    private SnapshotUse bake(String name, BakeInputs inputs, BakeVolumes volumes, Action action) {
        SnapshotUse use = store.bakeOnce(
                name,
                inputs.fingerprint(),
                workspace -> action.make(volumes, workspace),
                message -> LOG.info("{}", message));
        try {
            volumes.finish(use.snapshot());
            return use;
        } catch (RuntimeException | Error e) {
            use.close();
            throw e;
        }
    }

    /**
     * What a request's snapshot is found by. Pulls the image and reads the extra files and volumes, but bakes nothing.
     *
     * @param request what is wanted
     * @param hypervisor the engine
     * @return the inputs of its bake
     * @throws dev.supermachine.ImageException if the image cannot be had, or an extra file cannot be read
     */
    public BakeInputs inputs(BakeRequest request, Hypervisor hypervisor) {
        ExtraFiles extraFiles = ExtraFiles.read(request.extraFiles());
        PulledImage image = pull(request);
        BakeInputs inputs = inputs(withReadiness(request, image), hypervisor, image, guest(), extraFiles);
        try (BakeVolumes volumes = BakeVolumes.read(request)) {
            return volumes.complete(inputs, store);
        }
    }

    /** What a warm-up waits for depends on the image, if the request leaves it open. */
    private static BakeRequest withReadiness(BakeRequest request, PulledImage image) {
        return request.warmup().isPresent() && request.readiness().isEmpty()
                ? request.withReadiness(
                        WarmupPlan.readiness(request, image.config().tcpPorts()))
                : request;
    }

    private Guest guest() {
        return new Guest(GuestKernel.locate(settings.cacheDirectory(), settings.kernelPath()), AgentBinary.sha256());
    }

    private PulledImage pull(BakeRequest request) {
        return new ImagePuller(
                        new ContentStore(settings.cacheDirectory()),
                        pullListener,
                        PullSettings.defaults()
                                .withParallelBlobs(settings.registryParallelism())
                                .withIdleTimeout(settings.registryIdleTimeout())
                                .withMirrors(settings.registryMirrors())
                                .withCaFile(settings.registryCaFile()))
                .withMaxImageBytes(settings.imageMaxBytes())
                .pull(request.source(), request.platform(), request.pullPolicy());
    }

    private SnapshotDetails make(
            BakeRequest request,
            Hypervisor hypervisor,
            PulledImage image,
            WorkloadSpec workload,
            Guest guest,
            ExtraFiles extraFiles,
            BakeVolumes volumes,
            BakeWorkspace workspace)
            throws IOException {
        List<Path> disks = volumes.begin(workspace);
        SnapshotDetails details = details(request, hypervisor, image, workload, guest, volumes.described());
        LOG.info(
                "Baking '{}' from {} on the engine {}; the result is kept and used again{}",
                request.name(),
                request.reference(),
                hypervisor.id(),
                store.whyNotReused(request.name(), details)
                        .map(why -> ". " + why)
                        .orElse(""));
        Path cache = settings.cacheDirectory();
        RootfsLimits limits = new RootfsLimits(settings.imageMaxBytes(), settings.imageMaxEntries());
        Path rootImage = new RootImages(cache, limits).putAt(workspace.rootImage(), image, extraFiles);
        MachineSpec spec = new MachineSpec(
                "bake-" + request.name(),
                guest.kernel().vmlinux(),
                Initramfs.write(cache.resolve("initramfs"), AgentBinary.load(), guest.kernel()),
                request.kernelArguments(),
                rootImage,
                disks,
                request.memoryMib(),
                request.vcpus(),
                workspace.machineDirectory());
        BakeMemory.Held held = memory.take(spec.name(), spec.memoryMib());
        try {
            return details.withConsoleTail(new GuestBake(
                            hypervisor,
                            request,
                            workload.withVolumes(volumes.mounts()),
                            image.config().healthcheck(),
                            settings.bakeTimeout(),
                            store.root())
                    .run(spec));
        } finally {
            held.close();
        }
    }

    /** What is known before the machine boots: all but its console. */
    private SnapshotDetails details(
            BakeRequest request,
            Hypervisor hypervisor,
            PulledImage image,
            WorkloadSpec workload,
            Guest guest,
            List<SnapshotVolume> volumes) {
        return new SnapshotDetails(
                request.reference(),
                image.manifestDigest(),
                request.platform().toString(),
                hypervisor.id(),
                hypervisor.identity(),
                request.memoryMib(),
                request.vcpus(),
                List.of(request.guestPort()),
                request.readiness().isPresent(),
                request.readiness().map(Wait::toString).orElse("before the workload")
                        + (request.warmup().isPresent() ? ", then a warm-up" : ""),
                guest.kernel().fingerprint(),
                guest.agentSha256(),
                volumes,
                store.environmentDigest().of(request.environment()),
                describe(workload),
                "");
    }

    private static BakeInputs inputs(
            BakeRequest request, Hypervisor hypervisor, PulledImage image, Guest guest, ExtraFiles extraFiles) {
        return BakeInputs.builder()
                .image(image.manifestDigest(), request.platform())
                .command(request.command())
                .environment(request.environment())
                .machine(request.memoryMib(), request.vcpus())
                .guestPort(request.guestPort())
                .readiness(request.readiness())
                .guest(guest.kernel().fingerprint(), guest.agentSha256(), request.kernelArguments())
                .extraFiles(extraFiles.digest())
                .warmup(request.warmup().map(WarmupPlan::identity).orElse(List.of()))
                .engine(hypervisor.id(), hypervisor.identity())
                .build();
    }

    private static WorkloadSpec workload(BakeRequest request, ImageConfig config) {
        List<String> argv = new ArrayList<>(request.command());
        if (argv.isEmpty()) {
            argv.addAll(config.entrypoint());
            argv.addAll(config.cmd());
        }
        if (argv.isEmpty()) {
            throw new ImageException(
                    "The image " + request.reference()
                            + " names neither an entrypoint nor a cmd, so there is nothing to run. Give a command to the bake.");
        }
        Map<String, String> environment = new LinkedHashMap<>(config.env());
        environment.putAll(request.environment());
        return new WorkloadSpec(
                argv,
                environment,
                config.user(),
                config.workingDir(),
                StopSignals.number(config.stopSignal(), request.reference()),
                "supermachine",
                Map.of());
    }

    private static void requireHealthcheck(BakeRequest request, ImageConfig config) {
        List<String> command = config.healthcheck().map(Healthcheck::command).orElse(List.of());
        if (command.isEmpty()
                && request.readiness().map(Readiness::needsHealthcheck).orElse(false)) {
            throw new BakeException("The bake of '" + request.name() + "' waits for the health check of "
                    + request.reference() + ", but the image has none: "
                    + config.healthcheck()
                            .map(check -> "its HEALTHCHECK is " + check.test())
                            .orElse("its configuration has no HEALTHCHECK")
                    + ". Wait for something else, such as a listener or a command, or give the image a HEALTHCHECK;"
                    + " tools that build in OCI format leave it out unless they are told to use Docker's.");
        }
    }

    /** The workload for the manifest: variables by name only. */
    private static String describe(WorkloadSpec workload) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("argv", workload.argv());
        json.put("environment", List.copyOf(workload.environment().keySet()));
        json.put("user", workload.user());
        json.put("workingDirectory", workload.directory());
        json.put("stopSignal", workload.stopSignal());
        return JsonWriter.compact(json);
    }

    private record Guest(GuestKernel kernel, String agentSha256) {}

    /**
     * A snapshot and what it took.
     *
     * @param use the snapshot, held in the store until this is closed
     * @param baked false if it was there already, or another process baked it
     * @param pullMillis time until the image's bytes were verified on disk, in milliseconds
     * @param bakeMillis time from then until it was published, in milliseconds; 0 if it was there
     * @since 0.1
     */
    public record Baked(SnapshotUse use, boolean baked, long pullMillis, long bakeMillis) {}
}
