package dev.supermachine.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreTroubleTest {

    @TempDir
    Path directory;

    @Test
    void aFullDiskNeedsRoom() {
        Path missing = directory.resolve("not/there");
        assertThat(StoreTrouble.describe(new IOException("No space left on device"), missing, "a.setting"))
                .matches("No space left on device\\. The file system of " + missing
                        + " \\(\\S+\\) has \\d+ of \\d+ MiB free\\. Make room there, or choose another directory with the"
                        + " setting a\\.setting\\.");
        assertThat(StoreTrouble.describe(new IOException("Disk quota exceeded"), missing, "a.setting"))
                .contains("Make room there");
    }

    @Test
    void nothingIsSaidOfADiskWithRoomOrWithoutBlocks() throws IOException {
        boolean room = Files.getFileStore(directory).getUsableSpace() >= 64 << 20;
        assertThat(StoreTrouble.fullness(directory, "s").isEmpty()).isEqualTo(room);
        assertThat(StoreTrouble.fullness(Path.of("/proc"), "s")).isEmpty();
    }

    @Test
    void aFileSystemWithoutWritingIsToldAsThat() {
        // The kernel's own file systems that are mounted read-only everywhere are too various; proc says that nothing
        // can be made in it.
        assertThat(StoreTrouble.describe(
                        new FileSystemException("/proc/x", null, "No such file"), Path.of("/proc"), "s"))
                .startsWith("/proc/x: No such file. The file system of /proc (proc) ")
                .endsWith("s.");
    }

    @Test
    void exceptionsWithoutWordsAreNamed() {
        assertThat(StoreTrouble.reason(new AccessDeniedException("/x"))).isEqualTo("AccessDeniedException for /x");
        assertThat(StoreTrouble.reason(new FileSystemException("/x", null, "Read-only file system")))
                .isEqualTo("/x: Read-only file system");
        assertThat(StoreTrouble.reason(new IOException())).isEqualTo("IOException");
        assertThat(StoreTrouble.reason(new IOException("It broke."))).isEqualTo("It broke");
    }
}
