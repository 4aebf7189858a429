package dev.supermachine.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.supermachine.SnapshotException;
import dev.supermachine.settings.Settings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/** Every file of a snapshot, damaged in every way: none is used, all are baked anew. */
class SnapshotDamageTest {

    private static final List<String> FILES =
            List.of("manifest.json", "machine/ram", "machine/state", "root.erofs", "machine/large");

    @TempDir
    private Path temporary;

    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final AtomicInteger bakes = new AtomicInteger();
    private SnapshotStore store;

    @BeforeEach
    void openStore() {
        store = new SnapshotStore(temporary.resolve("store"), Settings.system());
        log.start();
        ((Logger) LoggerFactory.getLogger(SnapshotStore.class)).addAppender(log);
    }

    @AfterEach
    void detachLog() {
        ((Logger) LoggerFactory.getLogger(SnapshotStore.class)).detachAppender(log);
    }

    private enum Damage {
        BIT_AT_THE_START,
        BIT_IN_THE_MIDDLE,
        BIT_AT_THE_END,
        BIT_WITH_THE_OLD_TIME,
        LAST_BYTE_GONE,
        HALF_GONE,
        EMPTY,
        GONE
    }

    /** A byte more is refused as well, but of a manifest's end blanks may be many. */
    @ParameterizedTest
    @EnumSource(Damage.class)
    void isRefusedAndBakedAnew(Damage damage) throws IOException {
        for (String file : FILES) {
            SnapshotUse use = bake();
            Snapshot snapshot = use.snapshot();
            snapshot.requireUnchanged();
            damage(snapshot.directory().resolve(file), damage);
            log.list.clear();
            bakes.set(0);

            String refusal = "The snapshot " + snapshot.directory() + " cannot be used: its ";
            assertThatThrownBy(snapshot::requireUnchanged)
                    .as("%s of %s before a machine is restored", damage, file)
                    .isInstanceOf(SnapshotException.class)
                    .hasMessageMatching("(?s)The snapshot .* cannot be used: it.*");
            if (!file.equals("manifest.json")) {
                assertThatThrownBy(snapshot::requireUnchanged)
                        .hasMessageStartingWith(refusal + "file " + file)
                        .hasMessageEndingWith(". Bake it again, or copy it anew.");
            }
            assertThatThrownBy(() -> Snapshot.open(snapshot.directory())).isInstanceOf(SnapshotException.class);
            use.close();

            try (SnapshotUse anew = bake()) {
                assertThat(bakes).as("%s of %s", damage, file).hasValue(1);
                anew.snapshot().requireUnchanged();
            }
            assertThat(log.list).hasSize(1);
            assertThat(log.list.get(0).getFormattedMessage())
                    .startsWith("Baking 'sample' again, because the snapshot " + snapshot.directory()
                            + " cannot be used: it");
            try (SnapshotUse again = bake()) {
                assertThat(bakes).as("%s is there again", again.snapshot()).hasValue(1);
            }
        }
    }

    /** What the earlier verification of the same process saw must not vouch for what is there now. */
    @Test
    void aBitThatFlipsAnywhereInTheMemoryIsNoticedBeforeTheNextUse() throws IOException {
        long seed = Long.getLong("supermachine.test.seed", System.nanoTime());
        Random random = new Random(seed);
        try (SnapshotUse use = bake()) {
            Path ram = SampleBakes.ram(use.snapshot());
            for (int round = 0; round < 50; round++) {
                use.snapshot().requireUnchanged();
                long at = (long) (random.nextDouble() * SampleBakes.RAM_BYTES);
                flip(ram, at);
                assertThatThrownBy(() -> use.snapshot().requireUnchanged())
                        .as("byte %d, seed %d", at, seed)
                        .hasMessageContaining("its file machine/ram should have the hash chunk-crc:");
                flip(ram, at);
            }
            use.snapshot().requireUnchanged();
        }
    }

    @Test
    void theSnapshotWithMostInputsInCommonIsTheMostSimilar() {
        Map<String, List<String>> wanted = Map.of("a", List.of("1"), "b", List.of("2"), "c", List.of("3"));
        bakeWith("sample", 1, Map.of("a", List.of("1"), "b", List.of("other"), "c", List.of("other")));
        Snapshot closest = bakeWith("sample", 2, Map.of("a", List.of("1"), "b", List.of("2"), "c", List.of("other")));
        bakeWith("sample", 3, Map.of("a", List.of("other"), "b", List.of("2"), "c", List.of("other")));

        assertThat(store.mostSimilar("sample", "elsewhere:1", wanted))
                .hasValue(new SimilarSnapshot(
                        closest.directory(),
                        "sample",
                        closest.manifest().details().inputs(),
                        Optional.empty()));
        assertThat(store.mostSimilar("another", "localhost:5000/postgres:16", wanted))
                .as("the same image under another name")
                .map(SimilarSnapshot::directory)
                .hasValue(closest.directory());
        assertThat(store.mostSimilar("another", "elsewhere:1", wanted)).isEmpty();
    }

    @Test
    void anotherFormatIsNamedAsWhatKeepsASnapshotFromBeingCompared() throws IOException {
        Snapshot old = SampleBakes.bakeOnce(
                store, "sample", SampleBakes.fingerprint(1), SampleBakes::bake, SampleBakes.SILENT);
        Path manifest = old.directory().resolve("manifest.json");
        Files.writeString(manifest, Files.readString(manifest).replace("\"formatVersion\": 4", "\"formatVersion\": 3"));

        assertThat(store.mostSimilar("sample", "elsewhere:1", Map.of()))
                .hasValue(new SimilarSnapshot(
                        old.directory(),
                        "sample",
                        Map.of(),
                        Optional.of("its format version is 3; this library reads version 4")));
        assertThat(store.mostSimilar("another", "localhost:5000/postgres:16", Map.of()))
                .as("nothing but the name can be relied on")
                .isEmpty();
        assertThat(new SnapshotStore(temporary.resolve("nowhere"), Settings.system())
                        .mostSimilar("sample", "elsewhere:1", Map.of()))
                .isEmpty();
    }

    private Snapshot bakeWith(String name, int number, Map<String, List<String>> inputs) {
        return SampleBakes.bakeOnce(
                store,
                name,
                SampleBakes.fingerprint(number),
                workspace -> SampleBakes.withInputs(SampleBakes.bake(workspace), inputs),
                SampleBakes.SILENT);
    }

    private SnapshotUse bake() {
        return store.bakeOnce("sample", SampleBakes.FINGERPRINT, this::bake, SampleBakes.SILENT);
    }

    private SnapshotDetails bake(BakeWorkspace workspace) throws IOException {
        bakes.incrementAndGet();
        byte[] random = new byte[(3 << 20) + 17];
        new Random(1).nextBytes(random);
        Files.write(workspace.machineDirectory().resolve("large"), random);
        return SampleBakes.bake(workspace);
    }

    private static void damage(Path file, Damage damage) throws IOException {
        long size = Files.size(file);
        switch (damage) {
            case BIT_AT_THE_START -> flip(file, 0);
            case BIT_IN_THE_MIDDLE -> flip(file, size / 2);
            // a manifest ends with its closing brace and a line's end
            case BIT_AT_THE_END -> flip(file, file.endsWith("manifest.json") ? lastOf(file, '}') : size - 1);
            case BIT_WITH_THE_OLD_TIME -> {
                FileTime time = Files.getLastModifiedTime(file);
                flip(file, size / 3);
                Files.setLastModifiedTime(file, time);
            }
            case LAST_BYTE_GONE -> truncate(file, file.endsWith("manifest.json") ? lastOf(file, '}') : size - 1);
            case HALF_GONE -> truncate(file, size / 2);
            case EMPTY -> truncate(file, 0);
            case GONE -> Files.delete(file);
        }
    }

    private static long lastOf(Path file, char sought) throws IOException {
        return Files.readString(file, StandardCharsets.ISO_8859_1).lastIndexOf(sought);
    }

    private static void flip(Path file, long at) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            channel.read(one, at);
            channel.write(one.put(0, (byte) (one.get(0) ^ 1)).flip(), at);
        }
    }

    private static void truncate(Path file, long size) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(size);
        }
    }
}
