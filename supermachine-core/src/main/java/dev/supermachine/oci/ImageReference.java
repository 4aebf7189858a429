package dev.supermachine.oci;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The name of an image in a registry, in Docker's grammar and with Docker's defaults: {@code postgres:16} is
 * {@code docker.io/library/postgres:16}. The grammar is that of the distribution project's package {@code reference}.
 *
 * <p>Immutable and thread-safe. Equal if the canonical forms are equal.
 *
 * @since 0.1
 */
public final class ImageReference {

    static final String DOCKER_HUB = "docker.io";

    private final String registry;
    private final String repository;
    private final @Nullable String tag;
    private final @Nullable Digest digest;

    ImageReference(String registry, String repository, @Nullable String tag, @Nullable Digest digest) {
        this.registry = registry;
        this.repository = repository;
        this.tag = tag;
        this.digest = digest;
    }

    /**
     * Reads a reference.
     *
     * @param text {@code [host[:port]/]path[:tag][@sha256:digest]}
     * @return the reference; its tag is {@code latest} if the text has neither tag nor digest
     * @throws dev.supermachine.ImageException if the text is not a reference; the message says which part is wrong and why
     */
    public static ImageReference parse(String text) {
        return new ReferenceParser(text).parse();
    }

    /**
     * The registry's name.
     *
     * @return host, or host and port: {@code docker.io}, {@code localhost:5000}, {@code [::1]:5000}
     */
    public String registry() {
        return registry;
    }

    /**
     * The repository in the registry.
     *
     * @return the path, such as {@code library/postgres}
     */
    public String repository() {
        return repository;
    }

    /**
     * The tag.
     *
     * @return the tag; empty if the reference has a digest and no tag
     */
    public Optional<String> tag() {
        return Optional.ofNullable(tag);
    }

    /**
     * The digest. Where there is one it decides; the tag then is for people only.
     *
     * @return the digest with its algorithm, such as {@code sha256:…}, or empty
     */
    public Optional<String> digest() {
        return Optional.ofNullable(digest).map(Digest::toString);
    }

    /** What a registry is asked for: the digest, or else the tag. */
    String identifier() {
        return digest != null ? digest.toString() : String.valueOf(tag);
    }

    Optional<Digest> checkedDigest() {
        return Optional.ofNullable(digest);
    }

    /**
     * The short form that people type.
     *
     * @return the canonical form without {@code docker.io/} and {@code library/} where those are the defaults; it is read as this reference again
     */
    public String familiar() {
        if (!registry.equals(DOCKER_HUB)) {
            return toString();
        }
        int slash = repository.indexOf('/');
        if (repository.startsWith("library/") && repository.indexOf('/', slash + 1) < 0) {
            return repository.substring(slash + 1) + suffix();
        }
        // A repository whose first part looks like a host would be read as one of another registry.
        return ReferenceParser.isHost(repository.substring(0, slash)) ? toString() : repository + suffix();
    }

    /**
     * The canonical form, with nothing left to defaults.
     *
     * @return {@code registry/repository[:tag][@digest]}
     */
    @Override
    public String toString() {
        return registry + "/" + repository + suffix();
    }

    private String suffix() {
        return (tag == null ? "" : ":" + tag) + (digest == null ? "" : "@" + digest);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ImageReference reference && reference.toString().equals(toString());
    }

    @Override
    public int hashCode() {
        return toString().hashCode();
    }
}
