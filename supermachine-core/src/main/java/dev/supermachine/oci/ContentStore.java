package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.Platform;
import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonFormatException;
import dev.supermachine.json.JsonWriter;
import dev.supermachine.linux.StoreTrouble;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Blobs by digest, and what references meant when they were pulled. The only class that knows the layout on disk:
 *
 * <pre>
 * blobs/sha256/HEX     a blob; whatever stands there was verified before it got its name
 * diff-ids/sha256/HEX  the digest of the uncompressed form of that blob, once it was computed
 * refs/HEX.json        what a reference means for a platform; HEX is the hash of both
 * parts/HEX.part       the beginning of the blob HEX, unverified, from a pull that broke off
 * tmp/                 being written
 * </pre>
 *
 * <p>Any number of processes and threads may share a root: files are published by rename, complete, and never changed afterwards. Two that fetch the same
 * blob at once both write it; one rename wins, and both bring the same bytes. Everything may be deleted at any time and is fetched again.
 *
 * @since 0.1
 */
public final class ContentStore {

    private static final int FORMAT_VERSION = 1;
    private static final String SETTING = "supermachine.cache.dir";
    private static final int MAX_RECORD = 64 * 1024;
    private static final Duration PARTS_KEPT = Duration.ofDays(7);
    private static final Set<PosixFilePermission> DIRECTORY = PosixFilePermissions.fromString("rwx------");

    private final Path root;
    private final Path blobs;
    private final Path diffIds;
    private final Path refs;
    private final TemporaryFiles temporary;
    private final TemporaryFiles parts;

    /**
     * Opens a store and makes what is missing of it: directories of mode 0700.
     *
     * @param root the store's directory
     * @throws ImageException if it cannot be made, or others than its owner may write into it
     */
    public ContentStore(Path root) {
        this.root = root.toAbsolutePath().normalize();
        this.blobs = this.root.resolve("blobs/sha256");
        this.diffIds = this.root.resolve("diff-ids/sha256");
        this.refs = this.root.resolve("refs");
        Path tmp = this.root.resolve("tmp");
        Path begun = this.root.resolve("parts");
        try {
            for (Path directory : new Path[] {blobs, diffIds, refs, begun, tmp}) {
                Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(DIRECTORY));
            }
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(this.root);
            if (permissions.contains(PosixFilePermission.GROUP_WRITE)
                    || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
                throw new ImageException("The image cache " + this.root + " can be written by others than its owner ("
                        + PosixFilePermissions.toString(permissions)
                        + "), so its content cannot be trusted. Run: chmod 700 "
                        + this.root);
            }
        } catch (UnsupportedOperationException e) {
            throw new ImageException(
                    "The image cache " + this.root
                            + " cannot be opened: its file system has no permissions. Choose another directory with the"
                            + " setting " + SETTING + ".",
                    e);
        } catch (IOException e) {
            throw new ImageException("The image cache " + this.root + " cannot be opened: " + trouble(e), e);
        }
        this.temporary = new TemporaryFiles(tmp, Duration.ZERO);
        temporary.sweep();
        this.parts = new TemporaryFiles(begun, PARTS_KEPT);
        parts.sweep();
    }

    /**
     * The store's directory.
     *
     * @return its absolute path
     */
    public Path root() {
        return root;
    }

    /** Why something could not be written here or read, for the end of a message. */
    String trouble(IOException failure) {
        return StoreTrouble.describe(failure, root, SETTING);
    }

    TemporaryFiles temporary() {
        return temporary;
    }

    /** What has come of a blob so far; empty if somebody else is fetching it. Its bytes are unverified. */
    Optional<TemporaryFiles.Temporary> part(Digest digest) throws IOException {
        return parts.claim(digest.hex());
    }

    /** Whether a blob is there in full. */
    boolean contains(Digest digest, long size) {
        try {
            return Files.size(blob(digest)) == size;
        } catch (IOException e) {
            return false;
        }
    }

    /** Opens a blob. Its bytes were verified when it was stored. */
    InputStream open(Digest digest) throws IOException {
        return Files.newInputStream(blob(digest));
    }

    /** Where a blob stands; for messages. */
    Path blob(Digest digest) {
        return blobs.resolve(digest.hex());
    }

    /** A small blob, verified again while it is at hand; one that is damaged counts as missing. */
    Optional<byte[]> read(Digest digest, long limit) {
        try {
            Path file = blob(digest);
            if (Files.size(file) > limit) {
                return Optional.empty();
            }
            byte[] bytes = Files.readAllBytes(file);
            return Digest.of(bytes).equals(digest) ? Optional.of(bytes) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Stores bytes under their digest, which is returned. */
    Digest put(byte[] bytes) throws IOException {
        Digest digest = Digest.of(bytes);
        publish(bytes, blob(digest));
        return digest;
    }

    /** Gives a finished temporary file its name. The caller has verified size and digest, for a layer the diff_id too. */
    void publish(TemporaryFiles.Temporary file, Digest digest) throws IOException {
        file.moveTo(blob(digest));
    }

    /** Throws away a blob that turned out to be damaged, so that the next pull fetches it again. */
    void discard(Digest digest) throws IOException {
        Files.deleteIfExists(diffIds.resolve(digest.hex()));
        Files.deleteIfExists(blob(digest));
    }

    /** The verified digest of a layer's uncompressed form, if it was ever computed. */
    Optional<Digest> diffId(Digest layer) {
        return text(diffIds.resolve(layer.hex())).map(String::strip).flatMap(Digest::tryParse);
    }

    void rememberDiffId(Digest layer, Digest diffId) throws IOException {
        publish((diffId + "\n").getBytes(StandardCharsets.UTF_8), diffIds.resolve(layer.hex()));
    }

    /** What a reference meant for a platform when it was last pulled. */
    Optional<Descriptor> recall(String reference, Platform platform) {
        Optional<String> text = text(record(reference, platform));
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            JsonDocument json = JsonDocument.parse(text.get());
            if (json.integer("formatVersion") != FORMAT_VERSION
                    || !json.string("reference").equals(reference)
                    || !json.string("platform").equals(platform.toString())) {
                return Optional.empty();
            }
            return Optional.of(Descriptor.read(json.object("manifest"), "the record of " + reference));
        } catch (JsonFormatException | ImageException e) {
            // A record that cannot be read is a record that is not there: it is written anew by the next pull.
            return Optional.empty();
        }
    }

    void remember(String reference, Platform platform, Descriptor manifest) throws IOException {
        Map<String, Object> record = new LinkedHashMap<>();
        record.put("formatVersion", FORMAT_VERSION);
        record.put("reference", reference);
        record.put("platform", platform.toString());
        record.put(
                "manifest",
                Map.of(
                        "mediaType", manifest.mediaType(),
                        "digest", manifest.digest().toString(),
                        "size", manifest.size()));
        publish(JsonWriter.indented(record).getBytes(StandardCharsets.UTF_8), record(reference, platform));
    }

    private Path record(String reference, Platform platform) {
        String key = reference + "\n" + platform;
        return refs.resolve(Digest.of(key.getBytes(StandardCharsets.UTF_8)).hex() + ".json");
    }

    private void publish(byte[] bytes, Path target) throws IOException {
        try (TemporaryFiles.Temporary file = temporary.create()) {
            FileChannel channel = file.channel();
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
            file.moveTo(target);
        }
    }

    private static Optional<String> text(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return Optional.of(new String(in.readNBytes(MAX_RECORD), StandardCharsets.UTF_8));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
