package dev.supermachine.bake;

import dev.supermachine.Platform;
import dev.supermachine.Wait;
import dev.supermachine.hash.Sha256;
import dev.supermachine.snapshot.EnvironmentDigest;
import dev.supermachine.snapshot.SnapshotManifest;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Everything that changes what a test sees in a restored machine. Two bakes with equal inputs are the same snapshot; whatever is not in here must not
 * influence a bake. Immutable and thread-safe.
 *
 * <p>{@link #toString()} and {@link #describe(EnvironmentDigest)} never show a value of an environment variable. The fingerprint is not keyed, so that a
 * snapshot is found on another machine too: who knows all other inputs could test guesses of a value against it.
 *
 * @param imageDigest the digest of the image's manifest for the platform, such as {@code sha256:…}
 * @param platform what the image was built for
 * @param command replaces the image's entrypoint and cmd; empty for the image's own
 * @param environment variables set beyond the image's
 * @param memoryMib guest memory in MiB
 * @param vcpus number of virtual CPUs
 * @param guestPort the TCP port that tests will want
 * @param readiness what the capture waits for; empty if it is taken just before the workload starts
 * @param kernelFingerprint SHA-256 of the guest kernel
 * @param agentFingerprint SHA-256 of the guest agent and what else is in the initial file system
 * @param kernelArguments kernel arguments beyond the engine's own
 * @param extraFiles the digest of what is put over the image's files; empty if nothing is
 * @param volumes for each writable disk four texts: the file on this host, the path in the guest, the size in bytes, and what was in the file before the bake
 * @param warmup what the warm-up is known by; empty without one
 * @param engineId the engine's id
 * @param engineIdentity the engine's version, CPU model and what else a restore depends on
 * @param formatVersion the snapshot's format
 */
public record BakeInputs(
        String imageDigest,
        Platform platform,
        List<String> command,
        Map<String, String> environment,
        int memoryMib,
        int vcpus,
        int guestPort,
        Optional<Wait> readiness,
        String kernelFingerprint,
        String agentFingerprint,
        List<String> kernelArguments,
        String extraFiles,
        List<String> volumes,
        List<String> warmup,
        String engineId,
        String engineIdentity,
        int formatVersion) {

    /** What the encoding begins with; its number grows when the encoding changes. */
    static final String MAGIC = "supermachine bake inputs 4\n";

    /**
     * Checks ranges and copies what is mutable.
     *
     * @throws IllegalArgumentException if a number is out of range, the image's digest is blank, or a text is not valid Unicode
     */
    public BakeInputs {
        command = List.copyOf(command);
        environment = Map.copyOf(environment);
        kernelArguments = List.copyOf(kernelArguments);
        volumes = List.copyOf(volumes);
        warmup = List.copyOf(warmup);
        if (imageDigest.isBlank()) {
            throw new IllegalArgumentException(
                    "A bake needs the digest of its image, but it was: '" + imageDigest + "'");
        }
        requireRange("memory in MiB", memoryMib, 1, Integer.MAX_VALUE);
        requireRange("number of vCPUs", vcpus, 1, 255);
        requireRange("guest port", guestPort, 1, 65535);
    }

    /**
     * Inputs to be set one by one.
     *
     * @return a builder with 512 MiB, one vCPU, port 80, a capture before the workload, and the current format
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * The canonical encoding, as {@code docs/snapshot-format.md} defines it.
     *
     * @return the bytes; different inputs never have the same
     * @throws IllegalArgumentException if a text has an unpaired surrogate
     */
    public byte[] encoded() {
        return new CanonicalEncoder(MAGIC)
                .string("imageDigest", imageDigest)
                .string("platform", platform.toString())
                .list("command", command)
                .map("environment", environment)
                .number("memoryMib", memoryMib)
                .number("vcpus", vcpus)
                .number("guestPort", guestPort)
                .list("readiness", ReadinessWords.of(readiness))
                .string("kernelFingerprint", kernelFingerprint)
                .string("agentFingerprint", agentFingerprint)
                .list("kernelArguments", kernelArguments)
                .string("extraFiles", extraFiles)
                .list("volumes", volumes)
                .list("warmup", warmup)
                .string("engineId", engineId)
                .string("engineIdentity", engineIdentity)
                .number("formatVersion", formatVersion)
                .toBytes();
    }

    /**
     * The SHA-256 of the encoding.
     *
     * @return 64 hexadecimal digits in lower case
     */
    public String fingerprint() {
        return Sha256.hex(encoded());
    }

    /**
     * All inputs for a report, with digests in place of the values of environment variables.
     *
     * @param digest the store's
     * @return one input a line
     */
    public String describe(EnvironmentDigest digest) {
        return describe(new TreeMap<>(digest.of(environment)).toString(), "\n");
    }

    /**
     * All inputs, with the names of environment variables only.
     *
     * @return a text for messages
     */
    @Override
    public String toString() {
        return "BakeInputs["
                + describe(environment.keySet().stream().sorted().toList().toString(), ", ") + "]";
    }

    private String describe(String environmentText, String separator) {
        return String.join(
                separator,
                "imageDigest=" + imageDigest,
                "platform=" + platform,
                "command=" + command,
                "environment=" + environmentText,
                "memoryMib=" + memoryMib,
                "vcpus=" + vcpus,
                "guestPort=" + guestPort,
                "readiness=" + readiness.map(Wait::toString).orElse("before the workload"),
                "kernelFingerprint=" + kernelFingerprint,
                "agentFingerprint=" + agentFingerprint,
                "kernelArguments=" + kernelArguments,
                "extraFiles=" + extraFiles,
                "volumes=" + volumes,
                "warmup=" + warmup,
                "engineId=" + engineId,
                "engineIdentity=" + engineIdentity,
                "formatVersion=" + formatVersion);
    }

    /** The same with other volumes. */
    BakeInputs withVolumes(List<String> others) {
        return new BakeInputs(
                imageDigest,
                platform,
                command,
                environment,
                memoryMib,
                vcpus,
                guestPort,
                readiness,
                kernelFingerprint,
                agentFingerprint,
                kernelArguments,
                extraFiles,
                others,
                warmup,
                engineId,
                engineIdentity,
                formatVersion);
    }

    private static void requireRange(String what, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    "The " + what + " should be from " + least + " to " + most + ", but was: " + value);
        }
    }

    /** Collects inputs. Not thread-safe. */
    public static final class Builder {

        private String imageDigest = "";
        private Platform platform = Platform.LINUX_AMD64;
        private List<String> command = List.of();
        private Map<String, String> environment = Map.of();
        private int memoryMib = 512;
        private int vcpus = 1;
        private int guestPort = 80;
        private Optional<Wait> readiness = Optional.empty();
        private String kernelFingerprint = "";
        private String agentFingerprint = "";
        private List<String> kernelArguments = List.of();
        private String extraFiles = "";
        private List<String> warmup = List.of();
        private String engineId = "";
        private String engineIdentity = "";
        private int formatVersion = SnapshotManifest.FORMAT_VERSION;

        private Builder() {}

        /**
         * Sets the image. Required.
         *
         * @param digest the digest of its manifest for the platform
         * @param builtFor the platform
         * @return this
         */
        public Builder image(String digest, Platform builtFor) {
            this.imageDigest = digest;
            this.platform = builtFor;
            return this;
        }

        /**
         * Replaces the image's entrypoint and cmd.
         *
         * @param value the words; empty for the image's own
         * @return this
         */
        public Builder command(List<String> value) {
            this.command = value;
            return this;
        }

        /**
         * Sets variables beyond the image's.
         *
         * @param value names and values
         * @return this
         */
        public Builder environment(Map<String, String> value) {
            this.environment = value;
            return this;
        }

        /**
         * Sets the machine's size.
         *
         * @param memory in MiB
         * @param cpus number of virtual CPUs
         * @return this
         */
        public Builder machine(int memory, int cpus) {
            this.memoryMib = memory;
            this.vcpus = cpus;
            return this;
        }

        /**
         * Sets the port.
         *
         * @param port the guest's TCP port
         * @return this
         */
        public Builder guestPort(int port) {
            this.guestPort = port;
            return this;
        }

        /**
         * Sets what the capture waits for.
         *
         * @param wait the condition; empty to capture before the workload starts
         * @return this
         */
        public Builder readiness(Optional<Wait> wait) {
            this.readiness = wait;
            return this;
        }

        /**
         * Sets what boots. Required.
         *
         * @param kernel SHA-256 of the kernel
         * @param agent SHA-256 of the initial file system with the agent
         * @param arguments kernel arguments beyond the engine's own
         * @return this
         */
        public Builder guest(String kernel, String agent, List<String> arguments) {
            this.kernelFingerprint = kernel;
            this.agentFingerprint = agent;
            this.kernelArguments = arguments;
            return this;
        }

        /**
         * Sets what is put over the image's files.
         *
         * @param digest the {@link dev.supermachine.rootfs.ExtraFiles#digest()}
         * @return this
         */
        public Builder extraFiles(String digest) {
            this.extraFiles = digest;
            return this;
        }

        /**
         * Sets what the warm-up is known by.
         *
         * @param value the {@link WarmupPlan#identity()}; empty without a warm-up
         * @return this
         */
        public Builder warmup(List<String> value) {
            this.warmup = value;
            return this;
        }

        /**
         * Sets the engine. Required.
         *
         * @param id its id
         * @param identity its {@link dev.supermachine.engine.Hypervisor#identity()}
         * @return this
         */
        public Builder engine(String id, String identity) {
            this.engineId = id;
            this.engineIdentity = identity;
            return this;
        }

        /**
         * The inputs, without volumes.
         *
         * @return an immutable value
         * @throws IllegalStateException if image, guest or engine was not set
         * @throws IllegalArgumentException if a value is out of range
         */
        public BakeInputs build() {
            if (imageDigest.isEmpty()
                    || kernelFingerprint.isEmpty()
                    || agentFingerprint.isEmpty()
                    || engineId.isEmpty()) {
                throw new IllegalStateException("A bake needs image, guest and engine, but has image '" + imageDigest
                        + "', kernel '" + kernelFingerprint + "', agent '" + agentFingerprint + "', engine '"
                        + engineId + "'");
            }
            return new BakeInputs(
                    imageDigest,
                    platform,
                    command,
                    environment,
                    memoryMib,
                    vcpus,
                    guestPort,
                    readiness,
                    kernelFingerprint,
                    agentFingerprint,
                    kernelArguments,
                    extraFiles,
                    List.of(),
                    warmup,
                    engineId,
                    engineIdentity,
                    formatVersion);
        }
    }
}
