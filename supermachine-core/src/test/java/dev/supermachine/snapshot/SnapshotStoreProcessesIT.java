package dev.supermachine.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.supermachine.settings.Settings;
import dev.supermachine.testing.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotStoreProcessesIT {

    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @TempDir
    Path temporary;

    private final List<ChildJvm> children = new ArrayList<>();

    @AfterEach
    void endChildren() {
        children.forEach(ChildJvm::close);
    }

    private ChildJvm baker(String mode) throws IOException {
        ChildJvm child = ChildJvm.start(BakingJvm.class, store().toString(), bakes().toString(), mode);
        children.add(child);
        return child;
    }

    private Path store() {
        return temporary.resolve("store");
    }

    private Path bakes() {
        return temporary.resolve("bakes");
    }

    private static boolean waitsFor(ChildJvm child, long pid) {
        return child.lines().stream()
                .anyMatch(line -> line.startsWith(
                        "WAITING Waiting for process " + pid + ", which has been baking 'postgres' since "));
    }

    @Test
    void ofManyAtOnceExactlyOneBakesAndTheOthersWaitAndSaySo() throws IOException, InterruptedException {
        for (int i = 0; i < ChildJvm.COUNT; i++) {
            baker("wait");
        }
        await().atMost(PATIENCE).until(() -> children.stream().anyMatch(child -> child.printed("BAKING")));
        ChildJvm baker = children.stream()
                .filter(child -> child.printed("BAKING"))
                .findFirst()
                .orElseThrow();
        await().atMost(PATIENCE)
                .until(() -> children.stream()
                        .filter(child -> child != baker)
                        .allMatch(child -> waitsFor(child, baker.pid())));
        baker.sendLine();

        for (ChildJvm child : children) {
            assertThat(child.exitCode()).as("%s", child.lines()).isZero();
        }
        assertThat(Files.readAllLines(bakes())).containsExactly("baked by " + baker.pid());
        assertThat(children.stream().flatMap(child -> child.lines().stream()).filter(line -> line.startsWith("GOT ")))
                .hasSize(ChildJvm.COUNT)
                .containsOnly("GOT "
                        + new SnapshotStore(store(), Settings.system())
                                .find(SampleBakes.FINGERPRINT)
                                .orElseThrow()
                                .manifest()
                                .created());
    }

    @Test
    void aKilledBakerIsFollowedByTheNextAndLeavesNothing() throws IOException, InterruptedException {
        ChildJvm first = baker("wait");
        await().atMost(PATIENCE).until(() -> first.printed("BAKING"));
        ChildJvm second = baker("at once");
        await().atMost(PATIENCE).until(() -> waitsFor(second, first.pid()));
        try (Stream<Path> left = Files.list(store().resolve("tmp"))) {
            assertThat(left).hasSize(1);
        }
        first.kill();

        assertThat(second.exitCode()).as("%s", second.lines()).isZero();
        assertThat(second.printed("BAKING")).isTrue();
        assertThat(store().resolve("tmp")).isEmptyDirectory();
        assertThat(new SnapshotStore(store(), Settings.system()).find(SampleBakes.FINGERPRINT))
                .isPresent();
        assertThat(Files.readAllLines(bakes())).containsExactly("baked by " + first.pid(), "baked by " + second.pid());
    }

    @Test
    void pruneLeavesAloneWhatAnotherProcessUsesUntilThatIsKilled() throws IOException, InterruptedException {
        SnapshotStore store = new SnapshotStore(store(), Settings.system());
        Snapshot snapshot =
                SampleBakes.bakeOnce(store, "postgres", SampleBakes.FINGERPRINT, SampleBakes::bake, SampleBakes.SILENT);
        ChildJvm user = ChildJvm.start(UsingJvm.class, snapshot.directory().toString());
        children.add(user);
        await().atMost(PATIENCE).until(() -> user.printed("USING postgres"));

        PruneReport held = store.prune(0, Duration.ofDays(1));
        assertThat(held.inUse()).containsExactly(SampleBakes.FINGERPRINT);
        assertThat(held.removed()).isEmpty();
        assertThat(Snapshot.open(snapshot.directory()).manifest()).isEqualTo(snapshot.manifest());

        user.kill();
        assertThat(store.prune(0, Duration.ofDays(1)).removed()).containsExactly(SampleBakes.FINGERPRINT);
        assertThat(snapshot.directory()).doesNotExist();
    }
}
