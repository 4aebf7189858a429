package dev.supermachine.bake;

import dev.supermachine.ImageException;
import dev.supermachine.hash.Sha256;
import dev.supermachine.linux.FileLock;
import dev.supermachine.linux.StoreTrouble;
import dev.supermachine.oci.ImageLayer;
import dev.supermachine.oci.PulledImage;
import dev.supermachine.rootfs.ExtraFiles;
import dev.supermachine.rootfs.LayerSource;
import dev.supermachine.rootfs.RootfsBuilder;
import dev.supermachine.rootfs.RootfsLimits;
import dev.supermachine.snapshot.BakeWorkspace;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.List;
import java.util.Optional;

/**
 * Root file system images in the cache, one for each stack of layers. An image is made by one process at a time, under a name of its own, and published by
 * rename when it is complete and on disk.
 *
 * <p>Those with extra files stand in a directory of their own: a file that is edited again and again would leave an image each time, so that one which no
 * snapshot has any more is removed when the next is made.
 */
final class RootImages {

    /** The directory of images with extra files. */
    static final String EXTRA = "extra";

    private static final String LOCK = ".lock";

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
        Path target = directory.resolve(id(image.layers(), ExtraFiles.none()) + ".erofs");
        try {
            makeDirectory(directory);
            if (Files.exists(target)) {
                return target;
            }
            FileLock lock = lock(target);
            try {
                makeIfMissing(image, ExtraFiles.none(), target);
                return target;
            } finally {
                lock.close();
            }
        } catch (IOException e) {
            throw unwritable(image, target, e);
        }
    }

    /**
     * Puts the image of a stack of layers with extra files over it into a snapshot that is being made.
     *
     * @param place its path in there
     * @return the place
     * @throws ImageException as above, and if an extra file cannot have its place
     * @throws IOException if the snapshot's directory cannot be written
     */
    Path putAt(Path place, PulledImage image, ExtraFiles extraFiles) throws IOException {
        if (extraFiles.isEmpty()) {
            return BakeWorkspace.linkOrCopy(of(image), place);
        }
        Path target = directory.resolve(EXTRA).resolve(id(image.layers(), extraFiles) + ".erofs");
        // Held until the snapshot has it: what no snapshot has may be removed by whoever gets the lock.
        FileLock lock = prepared(image, extraFiles, target);
        try {
            return BakeWorkspace.linkOrCopy(target, place);
        } finally {
            lock.close();
        }
    }

    private FileLock prepared(PulledImage image, ExtraFiles extraFiles, Path target) {
        try {
            makeDirectory(directory.resolve(EXTRA));
            FileLock lock = lock(target);
            try {
                removeUnused(target);
                makeIfMissing(image, extraFiles, target);
                return lock;
            } catch (IOException | RuntimeException | Error e) {
                lock.close();
                throw e;
            }
        } catch (IOException e) {
            throw unwritable(image, target, e);
        }
    }

    private void removeUnused(Path wanted) throws IOException {
        try (DirectoryStream<Path> locks = Files.newDirectoryStream(directory.resolve(EXTRA), "*" + LOCK)) {
            for (Path path : locks) {
                Path image = path.resolveSibling(path.getFileName().toString().replace(LOCK, ""));
                Optional<FileLock> lock = image.equals(wanted) ? Optional.empty() : FileLock.tryExclusive(path);
                try (FileLock held = lock.orElse(null)) {
                    if (held != null) {
                        // Of a process that was killed.
                        Files.deleteIfExists(partOf(image));
                        Files.deleteIfExists(RootfsBuilder.copyOfExtraFiles(partOf(image)));
                        if (Files.exists(image) && (int) Files.getAttribute(image, "unix:nlink") == 1) {
                            Files.delete(image);
                        }
                    }
                }
            }
        }
    }

    private static FileLock lock(Path image) throws IOException {
        return FileLock.exclusive(lockOf(image));
    }

    private static Path lockOf(Path image) {
        return image.resolveSibling(image.getFileName() + LOCK);
    }

    private static Path partOf(Path image) {
        return image.resolveSibling(image.getFileName() + ".part");
    }

    private static void makeDirectory(Path path) throws IOException {
        Files.createDirectories(
                path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    private ImageException unwritable(PulledImage image, Path target, IOException cause) {
        return new ImageException(
                "The root file system of " + image.reference() + " could not be written to " + target + ": "
                        + StoreTrouble.describe(cause, directory, "supermachine.cache.dir"),
                cause);
    }

    /** Only with the lock. */
    private void makeIfMissing(PulledImage image, ExtraFiles extraFiles, Path target) throws IOException {
        if (Files.exists(target)) {
            return;
        }
        Path part = partOf(target);
        List<LayerSource> layers =
                image.layers().stream().<LayerSource>map(Layer::new).toList();
        // what a process left that was killed is overwritten; the lock says that it is gone
        RootfsBuilder.build(layers, extraFiles, part, limits);
        Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
    }

    private static String id(List<ImageLayer> layers, ExtraFiles extraFiles) {
        MessageDigest digest = Sha256.newDigest();
        digest.update(RootfsBuilder.FORMAT.getBytes(StandardCharsets.UTF_8));
        for (ImageLayer layer : layers) {
            digest.update((byte) '\n');
            digest.update(layer.diffId().getBytes(StandardCharsets.UTF_8));
        }
        if (!extraFiles.isEmpty()) {
            digest.update(("\nextra files " + extraFiles.digest()).getBytes(StandardCharsets.UTF_8));
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
