package dev.supermachine.bake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import dev.supermachine.oci.PulledImage;
import dev.supermachine.rootfs.ExtraFiles;
import dev.supermachine.rootfs.RootfsLimits;
import dev.supermachine.tar.TarSpec;
import dev.supermachine.testing.OciLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which root image goes into which snapshot, and how long the cache keeps those with extra files. */
class RootImagesTest {

    @TempDir
    private Path directory;

    private RootImages images;
    private PulledImage pulled;
    private Path file;
    private Path extra;

    @BeforeEach
    void pullAnImage() throws IOException {
        Path layout = directory.resolve("layout");
        new OciLayout()
                .tar(TarSpec.archive(List.of(TarSpec.file("file", "content"))))
                .write(layout);
        Path cache = directory.resolve("cache");
        pulled = new LayoutRoots(cache).pull(layout);
        images = new RootImages(cache, RootfsLimits.defaults());
        extra = cache.resolve("rootfs").resolve(RootImages.EXTRA);
        file = Files.writeString(directory.resolve("extra"), "one");
    }

    @Test
    void extraFilesMakeAnotherImageAndTheSameFilesTheSame() throws IOException {
        Path plain = bake("plain", ExtraFiles.none());
        Path one = bake("one", extraFiles());
        Path again = bake("again", extraFiles());
        Files.writeString(file, "two");
        Path two = bake("two", extraFiles());

        assertThat(Files.isSameFile(one, again)).isTrue();
        assertThat(Files.mismatch(plain, one)).isNotNegative();
        assertThat(Files.mismatch(one, two)).isNotNegative();
        assertThat(erofs()).hasSize(2);
        assertThat(extra.getParent())
                .isDirectoryContaining(path -> path.toString().endsWith(".erofs"));
    }

    @Test
    void theFilesAreNotReadAgainWhereTheImageIsThere() throws IOException {
        ExtraFiles files = extraFiles();
        Path one = bake("one", files);
        Files.delete(file);
        assertThat(Files.isSameFile(bake("again", files), one)).isTrue();
    }

    @Test
    void oneThatNoSnapshotHasGoesWhenTheNextIsMade() throws IOException {
        Path one = bake("one", extraFiles());
        Files.writeString(file, "two");
        bake("two", extraFiles());
        Files.delete(one);
        // As a process leaves it that was killed.
        Path left = extra.resolve("left.erofs.part");
        Files.createFile(left);
        Files.createFile(extra.resolve("left.erofs.part.tar"));
        Files.createFile(extra.resolve("left.erofs.lock"));
        Files.writeString(file, "three");
        bake("three", extraFiles());

        assertThat(erofs()).hasSize(2);
        assertThat(extra).isDirectoryNotContaining(path -> path.toString().contains(".part"));
    }

    @Test
    void nothingIsLeftOfFilesThatCannotHaveTheirPlace() {
        ExtraFiles files = ExtraFiles.read(Map.of("/file/below", file));
        assertThatThrownBy(() -> bake("one", files))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("\"/file\" is not a directory in the image");
        assertThat(extra).isDirectoryNotContaining(path -> !path.toString().endsWith(".lock"));
    }

    private ExtraFiles extraFiles() {
        return ExtraFiles.read(Map.of("/etc/extra", file));
    }

    private Path bake(String name, ExtraFiles files) throws IOException {
        return images.putAt(directory.resolve(name), pulled, files);
    }

    private List<Path> erofs() throws IOException {
        try (Stream<Path> paths = Files.list(extra)) {
            return paths.filter(path -> path.toString().endsWith(".erofs")).toList();
        }
    }
}
