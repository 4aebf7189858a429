package dev.supermachine.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.BakeException;
import dev.supermachine.VolumeSpec;
import dev.supermachine.linux.SparseFile;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VolumeFileTest {

    private static final long SIZE = 16 << 20;

    @TempDir
    private Path directory;

    private Path file;
    private VolumeSpec spec;

    @BeforeEach
    void nameFile() {
        file = directory.resolve("data.img");
        spec = VolumeSpec.of(file, "/data").withSizeBytes(SIZE);
    }

    private void makeZeros(long size) throws IOException {
        try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
            access.setLength(size);
        }
    }

    @Test
    void whatIsMissingOrZeroIsNew() throws IOException {
        assertThat(VolumeFile.read(spec).isNew()).isTrue();
        makeZeros(SIZE);
        assertThat(VolumeFile.read(spec).isNew()).isTrue();
        Files.write(file, new byte[(int) SIZE]);
        assertThat(VolumeFile.read(spec).isNew())
                .as("with zeros that were written")
                .isTrue();
    }

    @Test
    void whatHasAFileSystemIsKnownByItsBytes() throws IOException {
        VolumeFile.read(spec).copyTo(file);
        VolumeFile read = VolumeFile.read(spec);
        assertThat(read.isNew()).isFalse();
        assertThat(SparseFile.allocatedBytes(file)).isLessThan(SIZE / 10);

        Path copy = directory.resolve("copy");
        read.copyTo(copy);
        assertThat(copy).hasSameBinaryContentAs(file);
        assertThat(SparseFile.allocatedBytes(copy)).isLessThan(SIZE / 10);
        assertThat(VolumeFile.read(VolumeSpec.of(copy, "/x").withSizeBytes(SIZE))
                        .content())
                .isEqualTo(read.content());

        try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
            access.seek(SIZE - 1);
            access.write(1);
        }
        assertThat(VolumeFile.read(spec).content()).isNotEqualTo(read.content());
    }

    @Test
    void itIsReplacedInOneStepAndKeepsItsPermissionsAndLinks() throws IOException {
        makeZeros(SIZE);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-r--"));
        Path link = Files.createSymbolicLink(directory.resolve("link"), file);
        Path source = directory.resolve("source");
        VolumeFile.read(spec).copyTo(source);

        VolumeFile.read(VolumeSpec.of(link, "/data").withSizeBytes(SIZE)).replaceBy(source);

        assertThat(file).hasSameBinaryContentAs(source);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-rw-r--");
        assertThat(link).isSymbolicLink();
        try (var files = Files.list(directory)) {
            assertThat(files.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrder("data.img", "link", "source");
        }
    }

    @Test
    void aDirectoryIsNoVolume() {
        refused(
                VolumeSpec.of(directory, "/data").withSizeBytes(SIZE),
                "The file " + directory + " cannot be a volume: it is a directory. A volume is kept in a file: give the"
                        + " path of one, which is made if it is missing.");
    }

    @Test
    void aFileOfAnotherSizeIsNoVolume() throws IOException {
        makeZeros(SIZE + 1);
        refused(
                spec,
                "The file " + file + " cannot be a volume: it has 16777217 bytes, but the volume is to have 16777216."
                        + " Give its own size, or delete it for a new one.");
    }

    @Test
    void aFileWithSomethingElseInItIsNoVolume() throws IOException {
        makeZeros(SIZE);
        try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
            access.seek(SIZE / 2);
            access.write(1);
        }
        refused(
                spec,
                "The file " + file + " cannot be a volume: what is in it is not an ext4 file system. Give another path,"
                        + " or delete it if it is of no more use.");
    }

    private static void refused(VolumeSpec volume, String message) {
        assertThatThrownBy(() -> VolumeFile.read(volume))
                .isInstanceOf(BakeException.class)
                .hasMessage(message);
    }

    @Test
    void oneBakeAtATimeHasIt() {
        VolumeFile volume = VolumeFile.read(
                VolumeSpec.of(directory.resolve("new/data.img"), "/data").withSizeBytes(SIZE));
        try (VolumeLocks second = new VolumeLocks()) {
            try (VolumeLocks first = new VolumeLocks()) {
                first.acquire(List.of(volume), "one");
                assertThat(first.holds(volume)).isTrue();
                assertThat(second.tryAcquire(volume, "two")).isFalse();
                assertThatThrownBy(() -> second.acquire(List.of(volume), "two"))
                        .isInstanceOf(BakeException.class)
                        .hasMessageStartingWith(
                                "The file " + volume.file() + " of the volume at /data is in use by process "
                                        + ProcessHandle.current().pid() + ", which has been baking 'one' since ")
                        .hasMessageEndingWith(
                                ". One bake at a time can write to it: wait for that one, or give this bake a file of its own.");
            }
            assertThat(second.tryAcquire(volume, "two")).isTrue();
            assertThat(second.holds(volume)).isTrue();
        }
        assertThat(directory.resolve("new")).isEmptyDirectory();
    }
}
