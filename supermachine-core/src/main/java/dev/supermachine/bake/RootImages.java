package dev.supermachine.bake;

import dev.supermachine.ImageException;
import dev.supermachine.hash.Sha256;
import dev.supermachine.linux.FileLock;
import dev.supermachine.linux.StoreTrouble;
import dev.supermachine.oci.ImageLayer;
import dev.supermachine.oci.PulledImage;
import dev.supermachine.rootfs.LayerSource;
import dev.supermachine.rootfs.RootfsBuilder;
import dev.supermachine.rootfs.RootfsLimits;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.List;

/**
 * Root file system images in the cache, one for each stack of layers. An image is made by one process at a time, under a name of its own, and published by
 * rename when it is complete and on disk.
 */
final class RootImages {

    private final Path directory;
    private final RootfsLimits limits;

    RootImages(Path cacheDirectory, RootfsLimits limits) {
        this.directory = cacheDirectory.resolve("rootfs");
        this.limits = limits;
    }

    /**
     * The image of a stack of layers, made if it is not there.
     *
     * @throws ImageException if a layer cannot be read or merged, or the image cannot be written
     */
    Path of(PulledImage image) {
        Path target = directory.resolve(id(image.layers()) + ".erofs");
        try {
            Files.createDirectories(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            if (Files.exists(target)) {
                return target;
            }
            try (FileLock lock = FileLock.exclusive(directory.resolve(target.getFileName() + ".lock"))) {
                if (!Files.exists(target)) {
                    make(image, target, lock.path().resolveSibling(target.getFileName() + ".part"));
                }
                return target;
            }
        } catch (IOException e) {
            throw new ImageException(
                    "The root file system of " + image.reference() + " could not be written to " + target + ": "
                            + StoreTrouble.describe(e, directory, "supermachine.cache.dir"),
                    e);
        }
    }

    private void make(PulledImage image, Path target, Path part) throws IOException {
        List<LayerSource> layers =
                image.layers().stream().<LayerSource>map(Layer::new).toList();
        // what a process left that was killed is overwritten; the lock says that it is gone
        RootfsBuilder.build(layers, part, limits);
        Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
    }

    private static String id(List<ImageLayer> layers) {
        MessageDigest digest = Sha256.newDigest();
        digest.update(RootfsBuilder.FORMAT.getBytes(StandardCharsets.UTF_8));
        for (ImageLayer layer : layers) {
            digest.update((byte) '\n');
            digest.update(layer.diffId().getBytes(StandardCharsets.UTF_8));
        }
        return Sha256.hex(digest);
    }

    private record Layer(ImageLayer layer) implements LayerSource {

        @Override
        public String diffId() {
            return layer.diffId();
        }

        @Override
        public InputStream open() throws IOException {
            return layer.openTar();
        }
    }
}
