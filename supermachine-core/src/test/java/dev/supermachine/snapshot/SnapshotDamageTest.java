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
    void anotherProcessorIsNamedAsTheReasonOfABake() {
        SnapshotDetails there = SampleBakes.details();
        Snapshot other = SampleBakes.bakeOnce(
                store, "sample", SampleBakes.fingerprint(1), SampleBakes::bake, SampleBakes.SILENT);
        SnapshotDetails here = withIdentity(there, "QEMU 7.2.0, cpu EPYC, tsc 2600000 kHz");

        assertThat(store.whyNotReused("another name", here))
                .hasValue("The snapshot " + other.directory()
                        + " is not used, because it was captured by engine qemu-tcg (QEMU 7.2.0, cpu max), and this is"
                        + " engine qemu-tcg (QEMU 7.2.0, cpu EPYC, tsc 2600000 kHz).");
        assertThat(store.whyNotReused("sample", there))
                .as("equal but for inputs that are not told")
                .isEmpty();
        assertThat(store.whyNotReused("sample", withMemory(here, 1024)))
                .as("other inputs")
                .isEmpty();
    }

    @Test
    void anotherFormatIsNamedAsTheReasonOfABake() throws IOException {
        Snapshot old = SampleBakes.bakeOnce(
                store, "sample", SampleBakes.fingerprint(1), SampleBakes::bake, SampleBakes.SILENT);
        Path manifest = old.directory().resolve("manifest.json");
        Files.writeString(manifest, Files.readString(manifest).replace("\"formatVersion\": 3", "\"formatVersion\": 1"));

        assertThat(store.whyNotReused("sample", SampleBakes.details()))
                .hasValue("The snapshot " + old.directory()
                        + " is not used, because its format version is 1; this library reads version 3.");
        assertThat(store.whyNotReused("another", SampleBakes.details())).isEmpty();
        assertThat(new SnapshotStore(temporary.resolve("nowhere"), Settings.system())
                        .whyNotReused("sample", SampleBakes.details()))
                .isEmpty();
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

    private static SnapshotDetails withIdentity(SnapshotDetails details, String identity) {
        return copy(details, identity, details.memoryMib());
    }

    private static SnapshotDetails withMemory(SnapshotDetails details, int mib) {
        return copy(details, details.engineIdentity(), mib);
    }

    private static SnapshotDetails copy(SnapshotDetails details, String identity, int mib) {
        return new SnapshotDetails(
                details.imageReference(),
                details.imageDigest(),
                details.platform(),
                details.engineId(),
                identity,
                mib,
                details.vcpus(),
                details.guestPorts(),
                details.workloadStarted(),
                details.readiness(),
                details.kernelFingerprint(),
                details.agentFingerprint(),
                details.volumes(),
                details.environment(),
                details.workload(),
                details.consoleTail());
    }
}
