package dev.supermachine.oci;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * How registries are talked to.
 *
 * @param connectTimeout how long a connection may take to be made
 * @param headerTimeout how long a registry may take to begin its answer
 * @param idleTimeout how long a registry may send nothing in the middle of an answer
 * @param retries how often and after what time something is tried again
 * @param parallelBlobs how many layers are fetched at once
 * @param dockerConfig the file with credentials; need not exist; empty for none
 * @param mirrors for a registry, such as {@code docker.io}, the mirrors to ask first, each {@code host[:port][/path]}; {@code index.docker.io} and
 *     {@code registry-1.docker.io} mean {@code docker.io} too
 * @param caFile certificates in PEM that are trusted beside those that Java trusts; empty for none
 * @since 0.1
 */
public record PullSettings(
        Duration connectTimeout,
        Duration headerTimeout,
        Duration idleTimeout,
        RetryPolicy retries,
        int parallelBlobs,
        Optional<Path> dockerConfig,
        Map<String, List<String>> mirrors,
        Optional<Path> caFile) {

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if a time is not positive, or no blob may be fetched
     */
    public PullSettings {
        for (Duration timeout : new Duration[] {connectTimeout, headerTimeout, idleTimeout}) {
            if (timeout.isNegative() || timeout.isZero()) {
                throw new IllegalArgumentException("A timeout must be positive, but was: " + timeout);
            }
        }
        if (parallelBlobs < 1) {
            throw new IllegalArgumentException("At least one blob must be fetched at once, but was: " + parallelBlobs);
        }
        mirrors = byRegistry(mirrors);
    }

    /** Under one name for each registry, its mirrors in the order in which they were set. */
    private static Map<String, List<String>> byRegistry(Map<String, List<String>> mirrors) {
        Map<String, List<String>> result = new LinkedHashMap<>();
        mirrors.forEach((registry, some) -> result.merge(
                DockerConfig.host(registry),
                List.copyOf(some),
                (before, more) -> Stream.concat(before.stream(), more.stream()).toList()));
        return Collections.unmodifiableMap(result);
    }

    List<String> mirrorsOf(String registry) {
        return mirrors.getOrDefault(DockerConfig.host(registry), List.of());
    }

    /**
     * The defaults: 10 s to connect, 60 s for headers, 30 s of silence, the {@linkplain RetryPolicy#defaults() usual} retries, four layers at once, Docker's own
     * configuration file, no mirrors, no certificates but Java's.
     *
     * @return the settings for this user and environment
     */
    public static PullSettings defaults() {
        return defaults(System.getenv(), Path.of(System.getProperty("user.home")));
    }

    static PullSettings defaults(Map<String, String> environment, Path home) {
        String directory = environment.getOrDefault("DOCKER_CONFIG", "");
        Path config = directory.isEmpty() ? home.resolve(".docker") : Path.of(directory);
        return new PullSettings(
                Duration.ofSeconds(10),
                Duration.ofSeconds(60),
                Duration.ofSeconds(30),
                RetryPolicy.defaults(),
                4,
                Optional.of(config.resolve("config.json")),
                Map.of(),
                Optional.empty());
    }

    /**
     * The same with another file of credentials.
     *
     * @param file the file, in the format of Docker's {@code config.json}
     * @return new settings
     */
    public PullSettings withDockerConfig(Path file) {
        return new PullSettings(
                connectTimeout, headerTimeout, idleTimeout, retries, parallelBlobs, Optional.of(file), mirrors, caFile);
    }

    /**
     * The same with other times.
     *
     * @param connect how long a connection may take to be made
     * @param headers how long a registry may take to begin its answer
     * @param idle how long a registry may send nothing in the middle of an answer
     * @return new settings
     */
    public PullSettings withTimeouts(Duration connect, Duration headers, Duration idle) {
        return new PullSettings(connect, headers, idle, retries, parallelBlobs, dockerConfig, mirrors, caFile);
    }

    /**
     * The same with another time of silence.
     *
     * @param idle how long a registry may send nothing in the middle of an answer
     * @return new settings
     */
    public PullSettings withIdleTimeout(Duration idle) {
        return withTimeouts(connectTimeout, headerTimeout, idle);
    }

    /**
     * The same with other retries.
     *
     * @param policy how often and after what time something is tried again
     * @return new settings
     */
    public PullSettings withRetries(RetryPolicy policy) {
        return new PullSettings(
                connectTimeout, headerTimeout, idleTimeout, policy, parallelBlobs, dockerConfig, mirrors, caFile);
    }

    /**
     * With another number of blobs fetched at once.
     *
     * @param count at least 1
     * @return a changed copy
     */
    public PullSettings withParallelBlobs(int count) {
        return new PullSettings(
                connectTimeout, headerTimeout, idleTimeout, retries, count, dockerConfig, mirrors, caFile);
    }

    /**
     * The same with mirrors.
     *
     * @param ofRegistries for a registry, such as {@code docker.io}, the mirrors to ask first, each {@code host[:port][/path]}
     * @return new settings
     */
    public PullSettings withMirrors(Map<String, List<String>> ofRegistries) {
        return new PullSettings(
                connectTimeout, headerTimeout, idleTimeout, retries, parallelBlobs, dockerConfig, ofRegistries, caFile);
    }

    /**
     * The same with certificates of one's own.
     *
     * @param file certificates in PEM, or empty for none but those that Java trusts
     * @return new settings
     */
    public PullSettings withCaFile(Optional<Path> file) {
        return new PullSettings(
                connectTimeout, headerTimeout, idleTimeout, retries, parallelBlobs, dockerConfig, mirrors, file);
    }
}
