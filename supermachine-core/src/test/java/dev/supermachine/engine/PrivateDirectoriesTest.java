package dev.supermachine.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.EngineException;
import dev.supermachine.linux.FileLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrivateDirectoriesTest {

    @TempDir
    private Path base;

    private Path ofUser;

    @BeforeEach
    void name() throws IOException {
        ofUser = base.resolve("supermachine-" + Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    }

    @Test
    void onlyTheOwnerCanEnter() throws IOException {
        Path directory = PrivateDirectories.open(base).create();
        for (Path path : List.of(directory, directory.resolve(".."), ofUser)) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                    .isEqualTo("rwx------");
        }
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void eachIsAnother() throws IOException {
        PrivateDirectories directories = PrivateDirectories.open(base);
        assertThat(directories.create()).isNotEqualTo(directories.create());
    }

    @Test
    void deletesWhatTheDeadLeftAndNothingOfTheLiving() throws IOException {
        Path living = PrivateDirectories.open(base).create();
        Path dead = Files.createDirectories(ofUser.resolve("dead").resolve("1"));
        Files.writeString(dead.resolve("errors"), "x");
        Path locked = Files.createDirectory(ofUser.resolve("other"));
        try (FileLock lock = FileLock.exclusive(locked.resolve("lock"))) {
            PrivateDirectories.open(base);
            assertThat(lock.path()).exists();
        }
        assertThat(dead.getParent()).doesNotExist();
        assertThat(living).exists();
    }

    @Test
    void whatIsSharedStaysUntilNobodyHoldsIt() throws IOException {
        PrivateDirectories.Shared shared = PrivateDirectories.open(base).createShared();
        assertThat(shared.path().getParent()).isEqualTo(ofUser);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(shared.path())))
                .isEqualTo("rwx------");
        try (FileLock another = FileLock.shared(shared.path().resolve("lock"))) {
            shared.close();
            PrivateDirectories.open(base);
            assertThat(another.path()).exists();
        }
        PrivateDirectories.open(base);
        assertThat(shared.path()).doesNotExist();
    }

    @Test
    void refusesADirectoryThatOthersCanEnter() throws IOException {
        Files.createDirectory(
                ofUser, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        assertRefused();
    }

    @Test
    void refusesALink() throws IOException {
        Files.createSymbolicLink(ofUser, Files.createDirectory(base.resolve("elsewhere")));
        assertRefused();
    }

    @Test
    void refusesAPathTooLongForSockets() throws IOException {
        Path deep = Files.createDirectory(base.resolve("d".repeat(100)));
        assertThatThrownBy(() -> PrivateDirectories.open(deep))
                .isInstanceOf(EngineException.class)
                .hasMessageContaining("is too long for unix sockets")
                .hasMessageEndingWith("Set XDG_RUNTIME_DIR or -Djava.io.tmpdir to a shorter directory.");
    }

    @Test
    void namesABaseThatDoesNotExist() {
        Path missing = base.resolve("missing");
        assertThatThrownBy(() -> PrivateDirectories.open(missing))
                .isInstanceOf(EngineException.class)
                .hasMessageStartingWith("Cannot make a private directory for machines under " + missing);
    }

    private void assertRefused() {
        assertThatThrownBy(() -> PrivateDirectories.open(base))
                .isInstanceOf(EngineException.class)
                .hasMessageStartingWith("The directory " + ofUser + " is not a directory of user ")
                .hasMessageEndingWith("Remove it, or set XDG_RUNTIME_DIR to a directory of your own.");
    }
}
