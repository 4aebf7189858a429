package dev.supermachine.rootfs;

import dev.supermachine.ImageException;
import dev.supermachine.SupermachineException;
import dev.supermachine.hash.Sha256;
import dev.supermachine.linux.StoreTrouble;
import dev.supermachine.tar.TarEntry;
import dev.supermachine.tar.TarReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;

/**
 * Merges the layers of an image and writes them as one read-only, uncompressed EROFS image file.
 *
 * <p>Each layer is read twice: first its headers alone, to learn what the merged tree holds and to give everything its place in the file; then with
 * contents, each copied straight to its place. Nothing is unpacked into a directory, and memory is used per entry, not per byte. The same layers make the
 * same file, byte for byte. All methods are safe to call from several threads for different targets.
 *
 * @since 0.1
 */
public final class RootfsBuilder {

    private static final int READ_BUFFER = 1 << 20;
    /** Part of what the file system's UUID is made from; to be raised when the same layers make another image. */
    public static final String FORMAT = "supermachine rootfs 1";

    private RootfsBuilder() {}

    /**
     * Writes the image file. It is complete and on disk when this returns; publishing it under its final name is the caller's part.
     *
     * @param layers the image's layers, the bottom layer first; none makes an empty root directory
     * @param target the file to write; made with permissions 0600, overwritten if it exists, deleted if this fails
     * @param limits how much the layers may hold
     * @return size, hash and count of what was written
     * @throws ImageException if a layer cannot be read, is damaged, has something a root file system cannot hold or goes beyond a limit (the message
     *     names the layer's diffId and the entry), or if the file cannot be written
     */
    public static RootfsResult build(List<LayerSource> layers, Path target, RootfsLimits limits) {
        return build(layers, ExtraFiles.none(), target, limits);
    }

    /**
     * Writes the image file, with files of this host over the image's.
     *
     * @param layers as above
     * @param extraFiles what goes over them; while the image is written, a copy of it stands beside the target
     * @param target as above
     * @param limits how much layers and extra files may hold together
     * @return as above
     * @throws ImageException as above, and if an extra file has changed since it was read, or cannot have its place in this image (the message names it)
     */
    public static RootfsResult build(
            List<LayerSource> layers, ExtraFiles extraFiles, Path target, RootfsLimits limits) {
        if (extraFiles.isEmpty()) {
            return write(layers, target, limits);
        }
        Path copy = copyOfExtraFiles(target);
        try {
            List<LayerSource> all = new ArrayList<>(layers);
            all.add(extraFiles.copyTo(copy));
            return write(all, target, limits);
        } catch (IOException e) {
            throw new ImageException(
                    "Cannot write a copy of the extra files to " + copy + ": "
                            + StoreTrouble.describe(e, directory(copy), "supermachine.cache.dir"),
                    e);
        } finally {
            delete(copy);
        }
    }

    /**
     * Where the copy of the extra files stands while an image is written. One that is there when nobody writes that image was left by a process that was killed.
     *
     * @param target the image file
     * @return the path of the copy
     */
    public static Path copyOfExtraFiles(Path target) {
        return target.resolveSibling(target.getFileName() + ".tar");
    }

    private static RootfsResult write(List<LayerSource> layers, Path target, RootfsLimits limits) {
        LayerMerge merge = merge(layers, limits);
        ErofsLayout layout = new ErofsLayout(merge.root());
        var options = EnumSet.of(
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        var ownerOnly = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
        boolean done = false;
        try (FileChannel channel = FileChannel.open(target, options, ownerOnly)) {
            ErofsWriter writer = new ErofsWriter(channel, layout);
            writer.writeMetadata(uuid(layers));
            for (int i = 0; i < layers.size(); i++) {
                LayerSource layer = layers.get(i);
                LayerErrors errors = errors(layer, 0);
                try (TarReader reader = open(layer, errors, limits.maxBytes())) {
                    writer.copyContents(i, reader, errors);
                    // To the end, so that what was copied is what the digest promises.
                    reader.drain();
                }
            }
            writer.seal();
            String sha256 = sha256(channel);
            channel.force(true);
            done = true;
            return new RootfsResult(layout.size(), sha256, layout.inodes().size());
        } catch (IOException e) {
            throw new ImageException(
                    "Cannot write the root file system image " + target + " of " + layout.size() + " bytes: "
                            + StoreTrouble.describe(e, directory(target), "supermachine.cache.dir"),
                    e);
        } finally {
            if (!done) {
                delete(target);
            }
        }
    }

    private static Path directory(Path target) {
        Path parent = target.toAbsolutePath().getParent();
        return parent == null ? target : parent;
    }

    private static LayerMerge merge(List<LayerSource> layers, RootfsLimits limits) {
        LayerMerge merge = new LayerMerge(limits.maxHeapBytes());
        long bytes = 0;
        for (LayerSource layer : layers) {
            LayerErrors errors = errors(layer, bytes);
            if (layer instanceof ExtraLayer) {
                merge.beginExtraFiles(errors);
            } else {
                merge.beginLayer(errors);
            }
            try (TarReader reader = open(layer, errors, limits.maxBytes() - bytes)) {
                try {
                    apply(reader, merge, errors, limits.maxEntries());
                } catch (SupermachineException e) {
                    letTheDigestSpeak(reader, errors);
                    throw e;
                }
                reader.drain();
                bytes += reader.position();
            } catch (IOException e) {
                throw errors.unreadable(e);
            }
        }
        return merge;
    }

    private static LayerErrors errors(LayerSource layer, long bytesBefore) {
        return layer instanceof ExtraLayer extra
                ? new ExtraFilesErrors(extra.files(), bytesBefore)
                : new LayerErrors(layer.diffId(), bytesBefore);
    }

    private static void apply(TarReader reader, LayerMerge merge, LayerErrors errors, long maxEntries) {
        for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
            if (merge.entries() == maxEntries) {
                throw errors.tooManyEntries(entry.name(), maxEntries + 1, maxEntries);
            }
            merge.apply(entry);
        }
    }

    /**
     * A layer that is wrong was most often damaged where it is kept: then its stream says so when it is read to its end, and may see to it that the layer is
     * fetched again.
     */
    private static void letTheDigestSpeak(TarReader reader, LayerErrors errors) {
        if (!errors.isBeyondLimit()) {
            reader.drain();
        }
    }

    private static TarReader open(LayerSource layer, LayerErrors errors, long maxBytes) {
        try {
            return new TarReader(layer.open(), errors, maxBytes);
        } catch (IOException e) {
            throw errors.unreadable(e);
        }
    }

    /** A version 8 UUID (RFC 9562, section 5.8) of the layers' identities. */
    private static byte[] uuid(List<LayerSource> layers) {
        StringBuilder identity = new StringBuilder(FORMAT);
        for (LayerSource layer : layers) {
            identity.append('\n').append(layer.diffId());
        }
        byte[] hash = Sha256.newDigest().digest(identity.toString().getBytes(StandardCharsets.UTF_8));
        byte[] uuid = Arrays.copyOf(hash, 16);
        uuid[6] = (byte) ((uuid[6] & 0x0f) | 0x80);
        uuid[8] = (byte) ((uuid[8] & 0x3f) | 0x80);
        return uuid;
    }

    private static String sha256(FileChannel channel) throws IOException {
        MessageDigest digest = Sha256.newDigest();
        ByteBuffer buffer = ByteBuffer.allocate(READ_BUFFER);
        long at = 0;
        while (channel.read(buffer, at) >= 0) {
            buffer.flip();
            at += buffer.remaining();
            digest.update(buffer);
            buffer.clear();
        }
        return Sha256.hex(digest);
    }

    private static void delete(Path target) {
        try {
            Files.deleteIfExists(target);
        } catch (IOException e) {
            // The error that led here says what is wrong with the file.
        }
    }
}
