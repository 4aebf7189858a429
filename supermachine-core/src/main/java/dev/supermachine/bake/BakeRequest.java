package dev.supermachine.bake;

import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import dev.supermachine.VolumeSpec;
import dev.supermachine.Wait;
import dev.supermachine.oci.ImageSource;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What is to be baked, as the builder collected it.
 *
 * @param name the snapshot's name
 * @param reference the image as the user wrote it
 * @param source where its bytes are
 * @param platform what it must have been built for
 * @param pullPolicy when a registry is asked
 * @param memoryMib guest memory in MiB
 * @param vcpus number of virtual CPUs
 * @param guestPort the port that stands for the service
 * @param readiness what is awaited before the capture; empty to capture before the workload runs
 * @param command replaces the image's entrypoint and cmd; empty to keep them
 * @param environment over the image's own
 * @param kernelArguments beyond the engine's own, in this order
 * @param extraFiles what is put over the image's files: absolute paths in the guest, and what is to stand there
 * @param volumes disks that the guest writes to, each with its size
 * @param engine the engine to use; empty for the setting or the best
 * @param warmup what is done with the machine before the capture; empty for nothing
 * @since 0.1
 */
public record BakeRequest(
        String name,
        String reference,
        ImageSource source,
        Platform platform,
        PullPolicy pullPolicy,
        int memoryMib,
        int vcpus,
        int guestPort,
        Optional<Wait> readiness,
        List<String> command,
        Map<String, String> environment,
        List<String> kernelArguments,
        Map<String, Path> extraFiles,
        List<VolumeSpec> volumes,
        Optional<String> engine,
        Optional<WarmupPlan> warmup) {

    /** Takes copies of the collections. */
    public BakeRequest {
        command = List.copyOf(command);
        environment = Collections.unmodifiableMap(new LinkedHashMap<>(environment));
        kernelArguments = List.copyOf(kernelArguments);
        extraFiles = Map.copyOf(extraFiles);
        volumes = List.copyOf(volumes);
    }

    /**
     * A bake without volumes and a warm-up.
     *
     * @param name as above
     * @param reference as above
     * @param source as above
     * @param platform as above
     * @param pullPolicy as above
     * @param memoryMib as above
     * @param vcpus as above
     * @param guestPort as above
     * @param readiness as above
     * @param command as above
     * @param environment as above
     * @param kernelArguments as above
     * @param extraFiles as above
     * @param engine as above
     */
    public BakeRequest(
            String name,
            String reference,
            ImageSource source,
            Platform platform,
            PullPolicy pullPolicy,
            int memoryMib,
            int vcpus,
            int guestPort,
            Optional<Wait> readiness,
            List<String> command,
            Map<String, String> environment,
            List<String> kernelArguments,
            Map<String, Path> extraFiles,
            Optional<String> engine) {
        this(
                name,
                reference,
                source,
                platform,
                pullPolicy,
                memoryMib,
                vcpus,
                guestPort,
                readiness,
                command,
                environment,
                kernelArguments,
                extraFiles,
                List.of(),
                engine,
                Optional.empty());
    }

    /** The same with another condition. */
    BakeRequest withReadiness(Optional<Wait> wait) {
        return new BakeRequest(
                name,
                reference,
                source,
                platform,
                pullPolicy,
                memoryMib,
                vcpus,
                guestPort,
                wait,
                command,
                environment,
                kernelArguments,
                extraFiles,
                volumes,
                engine,
                warmup);
    }

    /** Names the environment's variables only: values may be secrets. */
    @Override
    public String toString() {
        return "BakeRequest[name=" + name + ", reference=" + reference + ", source=" + source + ", platform=" + platform
                + ", memoryMib=" + memoryMib + ", vcpus=" + vcpus + ", guestPort=" + guestPort + ", readiness="
                + readiness
                + ", command=" + command + ", environment=" + environment.keySet() + ", kernelArguments="
                + kernelArguments + ", extraFiles=" + new TreeMap<>(extraFiles) + ", volumes=" + volumes + ", engine="
                + engine + ", warmup="
                + warmup.map(WarmupPlan::identity).orElse(List.of()) + "]";
    }
}
