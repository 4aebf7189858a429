package dev.supermachine.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.json.JsonDocument;
import dev.supermachine.snapshot.SnapshotUse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code images}, {@code inspect} and {@code prune} over a store without machines. */
class StoreCommandsTest {

    @TempDir
    private Path home;

    @Test
    void anEmptyStoreIsAListWithAHeadingOnly() throws IOException {
        assertThat(CommandRun.in(home, "images"))
                .isEqualTo(new CommandRun(0, "FINGERPRINT  NAME  IMAGE  DIGEST  SIZE  LAST USE  ENGINE  IN USE\n", ""));
        assertThat(CommandRun.in(home, "images", "--json").json().objects("snapshots"))
                .isEmpty();
    }

    @Test
    void imagesTellsWhatIsThereAndWhatIsInUse() throws IOException {
        SampleStore store = new SampleStore(home);
        store.bake("free", 1).close();
        try (SnapshotUse held = store.bake("held", 2)) {
            CommandRun run = CommandRun.in(home, "images");
            assertThat(run.status()).isZero();
            assertThat(run.out().lines().skip(1))
                    .anyMatch(
                            line -> line.matches(
                                    "000000000000 {2}free {2}localhost:5000/postgres:16 {2}sha256:111111111111 {2}\\S+ \\S+ +just now +qemu-tcg +no"))
                    .anyMatch(
                            line -> line.matches(
                                    "000000000000 {2}held {2}localhost:5000/postgres:16 {2}sha256:111111111111 {2}\\S+ \\S+ +just now +qemu-tcg +yes"))
                    .hasSize(2);
            JsonDocument one = CommandRun.in(home, "images", "--json").json().objects("snapshots").stream()
                    .filter(snapshot -> snapshot.toString().contains("\"held\""))
                    .findFirst()
                    .orElseThrow();
            assertThat(one.string("fingerprint")).isEqualTo(SampleStore.fingerprint(2));
            assertThat(one.string("image")).isEqualTo("localhost:5000/postgres:16");
            assertThat(one.bool("inUse", false)).isTrue();
            assertThat(Path.of(one.string("directory")))
                    .isEqualTo(held.snapshot().directory());
            assertThat(one.integer("bytes")).isPositive();
        }
    }

    @Test
    void aSnapshotThatCannotBeReadIsListedWithTheReason() throws IOException {
        try (SnapshotUse use = new SampleStore(home).bake("broken", 3)) {
            Files.writeString(use.snapshot().directory().resolve("manifest.json"), "{}");
        }
        assertThat(CommandRun.in(home, "images").out()).contains("its manifest cannot be read: formatVersion");
    }

    @Test
    void inspectShowsAllOfOneByAnyOfItsNames() throws IOException {
        try (SnapshotUse use = new SampleStore(home).bake("one", 0xabcdef)) {
            String fingerprint = SampleStore.fingerprint(0xabcdef);
            for (String name : new String[] {
                "one",
                fingerprint,
                fingerprint.substring(0, 60),
                "localhost:5000/postgres:16",
                use.snapshot().directory().toString()
            }) {
                JsonDocument json =
                        CommandRun.in(home, "inspect", name, "--json").json();
                assertThat(json.string("fingerprint")).as(name).isEqualTo(fingerprint);
                assertThat(json.object("inputs").strings("command")).containsExactly("postgres");
                assertThat(json.object("files").names()).containsExactly("machine/state", "root.erofs");
            }
            assertThat(CommandRun.in(home, "inspect", "one").out())
                    .contains(
                            "name: one\n",
                            "\n  command: [postgres]\n",
                            "\nconsoleTail\n  | the ?[31mconsole\n  | its end\n")
                    .doesNotContain("\u001b");
        }
    }

    @Test
    void inspectSaysWhatThereIsToChooseFrom() {
        SampleStore store = new SampleStore(home);
        store.bake("same", 0x1111).close();
        store.bake("same", 0x2222).close();
        assertThat(CommandRun.in(home, "inspect", "other").err())
                .isEqualTo("supermachine: There is no snapshot with the fingerprint, name or image 'other' in "
                        + home.resolve("snapshots") + ". 'supermachine images' lists those there are.\n");
        CommandRun two = CommandRun.in(home, "inspect", "same");
        assertThat(two.status()).isEqualTo(1);
        assertThat(two.err())
                .startsWith("supermachine: 2 snapshots in " + home.resolve("snapshots")
                        + " have the fingerprint, name or image 'same'. Give the fingerprint of one: ");
    }

    @Test
    void pruneRemovesAllButWhatIsInUseAndADryRunNothing() throws IOException {
        SampleStore store = new SampleStore(home);
        store.bake("free", 1).close();
        try (SnapshotUse held = store.bake("held", 2)) {
            JsonDocument dry =
                    CommandRun.in(home, "prune", "--all", "--dry-run", "--json").json();
            assertThat(dry.bool("dryRun", false)).isTrue();
            assertThat(dry.strings("removed")).containsExactly(SampleStore.fingerprint(1));
            assertThat(dry.strings("inUse")).containsExactly(SampleStore.fingerprint(2));
            assertThat(home.resolve("snapshots/baked/" + SampleStore.fingerprint(1)))
                    .exists();

            CommandRun real = CommandRun.in(home, "prune", "--all");
            assertThat(real.out())
                    .startsWith("removed  " + SampleStore.fingerprint(1) + "\nin use, stays  "
                            + SampleStore.fingerprint(2) + "\nremain: ");
            assertThat(home.resolve("snapshots/baked/" + SampleStore.fingerprint(1)))
                    .doesNotExist();
            assertThat(held.snapshot().directory()).exists();
        }
        assertThat(CommandRun.in(home, "prune", "--older-than", "1 h").out()).doesNotContain("removed");
        assertThat(CommandRun.in(home, "prune", "--keep-bytes", "1 GiB").out()).doesNotContain("removed");
        assertThat(CommandRun.in(home, "prune", "--keep-bytes", "1").out()).startsWith("removed  ");
    }

    @Test
    void pruneRefusesWhatMakesNoSense() {
        assertThat(CommandRun.in(home, "prune", "--all", "--older-than", "1d"))
                .matches(run -> run.status() == 2)
                .extracting(CommandRun::err)
                .asString()
                .startsWith("--all removes everything, so --older-than and --keep-bytes have no place beside it.\n");
        assertThat(CommandRun.in(home, "prune", "--older-than", "soon").err())
                .startsWith(
                        "The option --older-than should be a positive duration such as 500 ms, 90 s, 3 min, 2 h or 30 d,"
                                + " but was: 'soon'\n");
    }
}
