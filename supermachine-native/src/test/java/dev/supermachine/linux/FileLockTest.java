package dev.supermachine.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.jna.LastErrorException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FileLockTest {

    @TempDir
    Path directory;

    private Path file;

    @BeforeEach
    void nameFile() {
        file = directory.resolve("lock");
    }

    @Test
    void anExclusiveLockExcludesEverybodyUntilItIsClosed() throws IOException {
        try (FileLock lock = FileLock.exclusive(file)) {
            assertThat(lock.path()).isEqualTo(file);
            assertThat(FileLock.tryExclusive(file)).isEmpty();
            assertThat(FileLock.tryShared(file)).isEmpty();
            assertThat(FileLock.tryShareExisting(file)).isEmpty();
            assertThat(FileLock.tryExclusiveExisting(file)).isEmpty();
        }
        FileLock.tryExclusive(file).orElseThrow().close();
    }

    @Test
    void sharersExcludeOnlyTheExclusive() throws IOException {
        try (FileLock first = FileLock.shared(file);
                FileLock second = FileLock.tryShareExisting(file).orElseThrow()) {
            assertThat(first.isCurrent() && second.isCurrent()).isTrue();
            assertThat(FileLock.tryExclusiveExisting(file)).isEmpty();
        }
        FileLock.tryExclusiveExisting(file).orElseThrow().close();
    }

    @Test
    void survivesThatTheFileIsOpenedAndClosedElsewhereInTheProcess() throws IOException {
        try (FileLock lock = FileLock.exclusive(file)) {
            FileChannel.open(file, StandardOpenOption.READ).close();
            assertThat(FileLock.tryShared(file)).isEmpty();
            assertThat(lock.isCurrent()).isTrue();
        }
    }

    @Test
    void aNewLockFileIsPrivate() throws IOException {
        FileLock.exclusive(file).close();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }

    @Test
    void anExistingFileIsNeverMade() {
        assertThatThrownBy(() -> FileLock.tryShareExisting(file))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("Cannot open the lock file " + file + ": ");
        assertThat(file).doesNotExist();
    }

    @Test
    void aLockOnAFileThatWasReplacedIsNotCurrent() throws IOException {
        try (FileLock lock = FileLock.exclusive(file)) {
            assertThat(lock.isCurrent()).isTrue();
            Files.move(file, directory.resolve("moved"));
            assertThat(lock.isCurrent()).isFalse();
            Optional<FileLock> other = FileLock.tryExclusive(file);
            assertThat(other).isPresent();
            assertThat(lock.isCurrent()).isFalse();
            other.orElseThrow().close();
            Files.delete(file);
            Files.move(directory.resolve("moved"), file);
            assertThat(lock.isCurrent()).isTrue();
        }
    }

    /** No file system without flock is to be had on a test machine, so this is about the numbers that such a one answers with. */
    @ParameterizedTest
    @ValueSource(ints = {Errno.ENOLCK, Errno.ENOSYS, Errno.EOPNOTSUPP, Errno.EINVAL, Errno.EBADF})
    void saysThatTheFileSystemHasNoFlock(int errno) {
        LastErrorException answer = new LastErrorException(errno);

        assertThat(FileLock.refused(file, answer))
                .hasMessage("Cannot lock " + file + ": " + answer.getMessage()
                        + ". Its file system has no flock, as some network and FUSE file systems have none; the directory"
                        + " has to be on a local one")
                .hasCause(answer);
    }

    @Test
    void anyOtherFailureIsNotBlamedOnTheFileSystem() {
        LastErrorException answer = new LastErrorException(5);

        assertThat(FileLock.refused(file, answer)).hasMessage("Cannot lock " + file + ": " + answer.getMessage());
    }
}
