package dev.supermachine.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.linux.FileLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HeldLocksTest {

    @TempDir
    private Path directory;

    @Test
    void theKernelTellsWhichFilesAreHeld() throws IOException {
        Path held = Files.createFile(directory.resolve("held"));
        Path free = Files.createFile(directory.resolve("free"));
        try (FileLock lock = FileLock.shared(held)) {
            assertThat(lock.isCurrent()).isTrue();
            assertThat(HeldLocks.now().has(held)).isTrue();
            assertThat(HeldLocks.now().has(free)).isFalse();
            assertThat(HeldLocks.now().has(directory.resolve("none"))).isFalse();
        }
        assertThat(HeldLocks.now().has(held)).isFalse();
    }

    @Test
    void onlyFlocksCountAndNotThoseWhoWait() throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        String inode = String.valueOf(Files.getAttribute(file, "unix:ino"));
        assertThat(HeldLocks.of("1: FLOCK  ADVISORY  READ 918 fe:00:" + inode + " 0 EOF\n")
                        .has(file))
                .isTrue();
        assertThat(HeldLocks.of("1: POSIX  ADVISORY  READ 918 fe:00:" + inode
                                + " 0 EOF\n1: -> FLOCK ADVISORY WRITE 1 fe:00:" + inode + " 0 EOF\nnonsense\n")
                        .has(file))
                .isFalse();
    }
}
