package dev.supermachine.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.SnapshotException;
import dev.supermachine.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Snapshots outside of the store: what they consist of, and what is left of them when they fail. */
class FreeSnapshotTest {

    @TempDir
    private Path temporary;

    private SnapshotStore store;
    private Snapshot base;
    private Path target;

    @BeforeEach
    void bake() throws IOException {
        store = new SnapshotStore(temporary.resolve("store"), Settings.system());
        base = SampleBakes.bakeOnce(store, "postgres", SampleBakes.FINGERPRINT, SampleBakes::bake, SampleBakes.SILENT);
        target = Files.createDirectory(temporary.resolve("own")).resolve("taken");
    }

    @Test
    void sharesWhatDoesNotDifferAndNeedsNothingElse() throws IOException {
        Snapshot taken = take(base, target);

        SnapshotManifest manifest = taken.manifest();
        assertThat(manifest.base()).isEqualTo(SampleBakes.FINGERPRINT);
        assertThat(manifest.fingerprint()).matches("[0-9a-f]{64}").isNotEqualTo(SampleBakes.FINGERPRINT);
        assertThat(manifest.name()).isEqualTo("postgres");
        assertThat(manifest.details())
                .isEqualTo(base.manifest().details().running("the machine 'postgres-1' as it ran", "the console"));
        assertThat(manifest.files())
                .extracting(SnapshotFile::path)
                .containsExactly("machine/pages", "machine/ram", "machine/state", "root.erofs");
        for (String shared : List.of("machine/ram", "root.erofs")) {
            assertThat(Files.isSameFile(target.resolve(shared), base.directory().resolve(shared)))
                    .isTrue();
        }
        assertThat(store.prune(0, Duration.ZERO).removed()).hasSize(1);
        assertThat(Snapshot.open(target).manifest()).isEqualTo(manifest);
        Path moved = Files.move(target, temporary.resolve("moved"));
        assertThat(Snapshot.open(moved).manifest()).isEqualTo(manifest);
    }

    @Test
    void oneOfAMachineOfItStandsOnTheSameBase() {
        Snapshot first = take(base, target);
        Snapshot second = take(first, temporary.resolve("second"));

        assertThat(second.manifest().base()).isEqualTo(SampleBakes.FINGERPRINT);
    }

    @Test
    void mayBeWrittenIntoAnEmptyDirectory() throws IOException {
        Files.createDirectory(target);
        assertThat(take(base, target).directory()).isEqualTo(target);
    }

    @Test
    void refusesADirectoryThatCannotBeUsed() throws IOException {
        String what = "The snapshot of the machine 'postgres-1' cannot be written: ";
        Path file = Files.writeString(temporary.resolve("file"), "text");
        assertThatThrownBy(() -> take(base, file))
                .isInstanceOf(SnapshotException.class)
                .hasMessage(what + file + " is no directory. Name one that is empty, or does not exist yet.");
        Path full = Files.createDirectory(temporary.resolve("full"));
        Files.writeString(full.resolve("file"), "text");
        assertThatThrownBy(() -> take(base, full))
                .isInstanceOf(SnapshotException.class)
                .hasMessage(what + full + " is not empty. Name a directory that is empty, or does not exist yet.");
        Path orphan = temporary.resolve("missing/taken");
        assertThatThrownBy(() -> take(base, orphan))
                .isInstanceOf(SnapshotException.class)
                .hasMessage(what + orphan
                        + " cannot be made, because the directory above it does not exist. Make that first.");
        assertThat(full.resolve("file")).hasContent("text");
    }

    @Test
    void leavesNothingWhenItFails() throws IOException {
        Files.createDirectory(target);
        assertThatThrownBy(() -> FreeSnapshot.ofMachine(
                        target,
                        base,
                        "postgres-1",
                        workspace -> {
                            Files.writeString(workspace.machineDirectory().resolve("state"), "half of");
                            throw new IOException("No space left on device");
                        },
                        FreeSnapshotTest::details))
                .isInstanceOf(SnapshotException.class)
                .hasMessage("The snapshot of the machine 'postgres-1' could not be written to " + target
                        + ": No space left on device. Nothing was left there. Make room if its file system is full, or name"
                        + " another directory.");
        try (Stream<Path> left = Files.walk(temporary.resolve("own"))) {
            assertThat(left).containsExactly(temporary.resolve("own"), target);
        }
    }

    @Test
    void isFoundToBeDamaged() throws IOException {
        take(base, target);
        Files.writeString(target.resolve("machine/pages"), "changez");
        assertThatThrownBy(() -> Snapshot.open(target))
                .isInstanceOf(SnapshotException.class)
                .hasMessageStartingWith(
                        "The snapshot " + target + " cannot be used: its file machine/pages should have the hash");
        Files.delete(target.resolve("machine/pages"));
        assertThatThrownBy(() -> Snapshot.open(target)).hasMessageContaining("its file machine/pages is missing");
    }

    @Test
    void isACopyWhenThereIsNothingToCompact() throws IOException {
        Snapshot compact = FreeSnapshot.compacted(target, base);

        assertThat(compact.manifest().base()).isEmpty();
        assertThat(compact.manifest().details()).isEqualTo(base.manifest().details());
        assertThat(compact.manifest().files()).isEqualTo(base.manifest().files());
        assertThat(Files.isSameFile(SampleBakes.ram(compact), SampleBakes.ram(base)))
                .isTrue();
    }

    private static Snapshot take(Snapshot origin, Path directory) {
        return FreeSnapshot.ofMachine(
                directory,
                origin,
                "postgres-1",
                workspace -> {
                    Path files = workspace.machineDirectory();
                    Files.createLink(files.resolve("ram"), SampleBakes.ram(origin));
                    Files.writeString(files.resolve("pages"), "changed");
                    Files.writeString(files.resolve("state"), "device state now");
                },
                FreeSnapshotTest::details);
    }

    private static SnapshotDetails details() {
        return SampleBakes.details().running("the machine 'postgres-1' as it ran", "the console");
    }
}
