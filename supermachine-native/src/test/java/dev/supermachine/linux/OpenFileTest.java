package dev.supermachine.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpenFileTest {

    @TempDir
    private Path directory;

    @Test
    void missingFileAndDeviceAreNamed() {
        Path missing = directory.resolve("missing");
        assertThatThrownBy(() -> OpenFile.reading(missing))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessage(missing.toString());
        assertThatThrownBy(() -> OpenFile.device(missing))
                .isInstanceOfSatisfying(
                        LinuxException.class, e -> assertThat(e.errno()).isEqualTo(LinuxException.ENOENT))
                .hasMessage("open of " + missing + " failed: No such file or directory (errno 2)");
    }

    @Test
    void fileThatCannotBeOpenedIsNamedWithTheReason() throws IOException {
        Path loop = directory.resolve("loop");
        Files.createSymbolicLink(loop, loop);
        assertThatThrownBy(() -> OpenFile.reading(loop))
                .isInstanceOf(FileSystemException.class)
                .hasMessageStartingWith(loop + ": open of " + loop + " failed: ")
                .hasMessageEndingWith("(errno 40)");
    }

    @Test
    void refusedRequestIsAnErrorOrANumber() throws IOException {
        try (OpenFile file = OpenFile.inMemory("test", 0)) {
            assertThat(file.tryIoctl(0xAE00, 0)).isEqualTo(-LinuxException.ENOTTY);
            assertThatThrownBy(() -> file.ioctl("KVM_GET_API_VERSION", 0xAE00, 0))
                    .hasMessage("KVM_GET_API_VERSION failed: Inappropriate ioctl for device (errno 25)");
        }
    }

    @Test
    void secondCloseDoesNothingToWhoeverHasTheNumberNow() {
        OpenFile first = OpenFile.inMemory("first", 0);
        first.close();
        try (OpenFile second = OpenFile.inMemory("second", 0)) {
            // Another thread of this JVM may have been given the number; then there is nothing to see, but never a
            // failure.
            first.close();
            assertThat(second.fd()).isGreaterThanOrEqualTo(0);
            assertThat(Files.exists(second.path())).isTrue();
        }
        assertThatIllegalStateException().isThrownBy(() -> first.tryIoctl(0, 0)).withMessage("first was closed");
    }

    @Test
    void sealedFileCanNoLongerBeChanged() throws IOException {
        try (OpenFile file = OpenFile.inMemory("sealed", 4096)) {
            Files.write(file.path(), new byte[] {1, 2, 3});
            file.seal();
            assertThatThrownBy(() -> Files.write(file.path(), new byte[] {4})).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> Mapping.shared(file, 0, 4096))
                    .hasMessage("mmap of 4096 bytes of sealed failed: Operation not permitted (errno 1)");
            assertThat(Files.readAllBytes(file.path())).startsWith(1, 2, 3);
        }
    }
}
