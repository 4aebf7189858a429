package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.linux.SparseFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DisksTest {

    private static final int SIZE = 1 << 20;

    @TempDir
    private Path directory;

    private Path volume;
    private MachineShape shape;

    @BeforeEach
    void makeFiles() throws IOException {
        volume = Files.write(directory.resolve("volume"), new byte[SIZE]);
        shape = new MachineShape(
                "tiny", 32, 1, Files.write(directory.resolve("root"), new byte[4096]), List.of(volume));
    }

    private static ByteBuffer bytes(int value) {
        byte[] bytes = new byte[512];
        Arrays.fill(bytes, (byte) value);
        return ByteBuffer.wrap(bytes);
    }

    private static int at(Path file, int position) throws IOException {
        return Files.readAllBytes(file)[position];
    }

    @Test
    void aMachineThatIsBootedWritesIntoTheFile() throws IOException {
        try (Disks disks = Disks.open(shape, false)) {
            disks.volumes().get(0).write(8192, bytes(7));
            disks.volumes().get(0).discard();
        }
        assertThat(at(volume, 8192)).isEqualTo(7);
    }

    @Test
    void oneThatIsRestoredKeepsWhatItWritesForItself() throws IOException {
        try (Disks one = Disks.open(shape, true);
                Disks two = Disks.open(shape, true)) {
            one.volumes().get(0).write(8192, bytes(7));
            Path copy = directory.resolve("copy");
            one.copyVolume(0, copy);
            assertThat(Files.size(copy)).isEqualTo(SIZE);
            assertThat(at(copy, 8192)).isEqualTo(7);
            assertThat(SparseFile.allocatedBytes(copy)).as("without its zeros").isLessThanOrEqualTo(8192);
            two.copyVolume(0, directory.resolve("other"));
            assertThat(at(directory.resolve("other"), 8192)).isZero();

            one.volumes().get(0).discard();
            one.copyVolume(0, directory.resolve("discarded"));
            assertThat(at(directory.resolve("discarded"), 8192)).isZero();
        }
        assertThat(volume).hasBinaryContent(new byte[SIZE]);
    }

    @Test
    void allOfItCanBeWritten() throws IOException {
        try (Disks disks = Disks.open(shape, true)) {
            BlockStore store = disks.volumes().get(0);
            for (int round = 0; round < 2; round++) {
                for (int at = 0; at < SIZE; at += 512) {
                    store.write(at, bytes(1));
                }
            }
            disks.copyVolume(0, directory.resolve("copy"));
            assertThat(at(directory.resolve("copy"), SIZE - 1)).isEqualTo(1);
        }
    }

    @Test
    void anInterruptedThreadMayCopyAndTheDiskGoesOn() throws IOException {
        try (Disks disks = Disks.open(shape, true)) {
            Thread.currentThread().interrupt();
            disks.copyVolume(0, directory.resolve("copy"));
            assertThat(Thread.interrupted()).isTrue();
            disks.volumes().get(0).write(0, bytes(1));
        }
    }

    @Test
    void whatIsThereIsNotWrittenOver() throws IOException {
        try (Disks disks = Disks.open(shape, true)) {
            assertThatThrownBy(() -> disks.copyVolume(0, volume)).isInstanceOf(FileAlreadyExistsException.class);
        }
    }

    @Test
    void aMissingFileIsTold() throws IOException {
        Files.delete(volume);
        assertThatThrownBy(() -> Disks.open(shape, true)).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> Disks.open(shape, false)).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void thereAreNotMoreThanEight() {
        assertThatThrownBy(() -> new MachineShape(
                        "tiny",
                        32,
                        1,
                        volume,
                        List.of(volume, volume, volume, volume, volume, volume, volume, volume, volume)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Expected at most 8 disks to write to, but got 9");
    }
}
