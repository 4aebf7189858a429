package dev.supermachine.snapshot;

import static dev.supermachine.snapshot.SampleBakes.FINGERPRINT;
import static dev.supermachine.snapshot.SampleBakes.SILENT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.supermachine.BakeException;
import dev.supermachine.SnapshotException;
import dev.supermachine.settings.Settings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

class SnapshotStoreTest {

    @TempDir
    Path temporary;

    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
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

    private Snapshot bake() {
        return SampleBakes.bakeOnce(store, "postgres", FINGERPRINT, SampleBakes::bake, SILENT);
    }

    private Snapshot mustNotBake() {
        return SampleBakes.bakeOnce(
                store,
                "postgres",
                FINGERPRINT,
                workspace -> {
                    throw new AssertionError("baked although a snapshot is there");
                },
                SILENT);
    }

    @Test
    void bakesOnceAndFindsItAfterwards() {
        assertThat(store.find(FINGERPRINT)).isEmpty();
        Snapshot baked = bake();

        Snapshot again = mustNotBake();
        assertThat(again.manifest()).isEqualTo(baked.manifest());
        assertThat(store.find(FINGERPRINT).orElseThrow().manifest()).isEqualTo(baked.manifest());
        assertThat(baked.manifest().details()).isEqualTo(SampleBakes.details());
        assertThat(baked.manifest().name()).isEqualTo("postgres");
        assertThat(baked.manifest().files())
                .extracting(SnapshotFile::path)
                .containsExactly("machine/ram", "machine/state", "root.erofs");
        assertThat(baked.rootImage()).hasContent("the root image");
        assertThat(baked.source("m").directory().resolve("state")).hasContent("device state");
        assertThat(log.list).isEmpty();
    }

    @Test
    void leavesNothingButTheSnapshotAndKeepsItPrivate() throws IOException {
        bake();
        assertThat(store.root().resolve("tmp")).isEmptyDirectory();
        try (Stream<Path> files = Files.walk(store.root().resolve("baked"))) {
            for (Path file : (Iterable<Path>) files::iterator) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                        .as("%s", file)
                        .isEqualTo(Files.isDirectory(file) ? "rwx------" : "rw-------");
            }
        }
    }

    @Test
    void aFailedBakeLeavesNothingAndTheNextOneSucceeds() {
        assertThatThrownBy(() -> SampleBakes.bakeOnce(
                        store,
                        "postgres",
                        FINGERPRINT,
                        workspace -> {
                            SampleBakes.bake(workspace);
                            throw new BakeException("the guest did not listen");
                        },
                        SILENT))
                .isInstanceOf(BakeException.class)
                .hasMessage("the guest did not listen");
        assertThat(store.root().resolve("tmp")).isEmptyDirectory();
        assertThat(store.find(FINGERPRINT)).isEmpty();
        assertThat(bake().manifest().fingerprint()).isEqualTo(FINGERPRINT);
    }

    @Test
    void anUnwritableFileIsABakeExceptionThatNamesTheStore() {
        assertThatThrownBy(() -> SampleBakes.bakeOnce(
                        store,
                        "postgres",
                        FINGERPRINT,
                        workspace -> {
                            throw new IOException("No space left on device");
                        },
                        SILENT))
                .isInstanceOf(BakeException.class)
                .hasMessageMatching("The snapshot of 'postgres' could not be stored in " + store.root()
                        + ": No space left on device\\. The file system of " + store.root()
                        + " \\(\\S+\\) has \\d+ of \\d+ MiB free\\. Make room there, or choose another directory with the"
                        + " setting supermachine\\.snapshots\\.dir\\.");
    }

    @Test
    void refusesAFingerprintThatIsNone() {
        assertThatThrownBy(() -> store.find("../../etc"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("A fingerprint is 64 hexadecimal digits in lower case, but was: '../../etc'");
    }

    /** Each way to damage a snapshot, and what is said about it. */
    private enum Damage {
        MANIFEST_GONE("it has no manifest.json"),
        MANIFEST_TRUNCATED("its manifest cannot be read: "),
        MANIFEST_EDITED("its manifest was changed: "),
        OTHER_VERSION("its format version is 1, this library reads version 3"),
        OTHER_INPUTS("it is that of other inputs, with the fingerprint " + SampleBakes.fingerprint(7)),
        SMALL_FILE_CHANGED("its file machine/state should have the hash sha256:"),
        RAM_CHANGED("its file machine/ram should have the hash chunk-crc:"),
        RAM_TRUNCATED("its file machine/ram should have 8388608 bytes, but has 100"),
        ROOT_GONE("its file root.erofs is missing"),
        ROOT_A_LINK("its file root.erofs is not a regular file");

        final String message;

        Damage(String message) {
            this.message = message;
        }
    }

    private void damage(Snapshot snapshot, Damage damage) throws IOException {
        Path directory = snapshot.directory();
        Path manifest = directory.resolve("manifest.json");
        String text = Files.readString(manifest);
        switch (damage) {
            case MANIFEST_GONE -> Files.delete(manifest);
            case MANIFEST_TRUNCATED -> Files.writeString(manifest, text.substring(0, text.length() / 2));
            case MANIFEST_EDITED ->
                Files.writeString(manifest, text.replace("\"memoryMib\": 512", "\"memoryMib\": 513"));
            case OTHER_VERSION ->
                Files.writeString(manifest, text.replace("\"formatVersion\": 3", "\"formatVersion\": 1"));
            case OTHER_INPUTS -> {
                Snapshot other =
                        SampleBakes.bakeOnce(store, "other", SampleBakes.fingerprint(7), SampleBakes::bake, SILENT);
                Files.copy(other.directory().resolve("manifest.json"), manifest, StandardCopyOption.REPLACE_EXISTING);
            }
            case SMALL_FILE_CHANGED -> Files.writeString(directory.resolve("machine/state"), "device stale");
            case RAM_CHANGED -> {
                try (FileChannel ram = FileChannel.open(SampleBakes.ram(snapshot), StandardOpenOption.WRITE)) {
                    ram.write(ByteBuffer.wrap(new byte[] {9}), 5 << 20);
                }
            }
            case RAM_TRUNCATED -> {
                try (FileChannel ram = FileChannel.open(SampleBakes.ram(snapshot), StandardOpenOption.WRITE)) {
                    ram.truncate(100);
                }
            }
            case ROOT_GONE -> Files.delete(snapshot.rootImage());
            case ROOT_A_LINK -> {
                Path moved = Files.move(snapshot.rootImage(), temporary.resolve("moved"));
                Files.createSymbolicLink(snapshot.rootImage(), moved);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Damage.class)
    void damageIsRefusedAtOpeningAndBakedAnewWithOneLine(Damage damage) throws IOException {
        Snapshot snapshot = bake();
        damage(snapshot, damage);
        log.list.clear();
        if (damage != Damage.OTHER_INPUTS) {
            assertThatThrownBy(() -> Snapshot.open(snapshot.directory()))
                    .isInstanceOf(SnapshotException.class)
                    .hasMessageStartingWith(
                            "The snapshot " + snapshot.directory() + " cannot be used: " + damage.message)
                    .hasMessageEndingWith(". Bake it again, or copy it anew.");
        }

        AtomicInteger bakes = new AtomicInteger();
        BakeAction counting = workspace -> {
            bakes.incrementAndGet();
            return SampleBakes.bake(workspace);
        };
        Snapshot anew = SampleBakes.bakeOnce(store, "postgres", FINGERPRINT, counting, SILENT);

        assertThat(bakes).hasValue(1);
        assertThat(log.list).hasSize(1);
        assertThat(log.list.get(0).getFormattedMessage())
                .startsWith("Baking 'postgres' again, because the snapshot " + snapshot.directory()
                        + " cannot be used: " + damage.message);
        assertThat(Snapshot.open(anew.directory()).manifest()).isEqualTo(anew.manifest());
        mustNotBake();
    }

    @Test
    void hashesTheMemoryAgainWhenTheFolderWasCopied() throws IOException {
        Snapshot snapshot = bake();
        Path copy = temporary.resolve("copy");
        copyTree(snapshot.directory(), copy);
        assertThat(Snapshot.open(copy).manifest()).isEqualTo(snapshot.manifest());
        assertThat(Snapshot.open(copy.resolve("manifest.json")).directory()).isEqualTo(copy);

        // Same size, same time: only the change time tells, which nobody can set.
        Path secondCopy = temporary.resolve("second");
        copyTree(snapshot.directory(), secondCopy);
        assertThat(Snapshot.open(secondCopy).manifest()).isEqualTo(snapshot.manifest());
        Path ram = secondCopy.resolve("machine/ram");
        FileTime time = Files.getLastModifiedTime(ram);
        try (FileChannel channel = FileChannel.open(ram, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {9}), 0);
        }
        Files.setLastModifiedTime(ram, time);
        assertThatThrownBy(() -> Snapshot.open(secondCopy)).hasMessageContaining("its file machine/ram should have");
    }

    @Test
    void aSnapshotOfAnotherEngineIsRefusedNamingBoth() {
        Snapshot snapshot = bake();
        snapshot.requireEngine("qemu-tcg", "QEMU 7.2.0, cpu max");
        assertThatThrownBy(() -> snapshot.requireEngine("kvm", "EPYC-v4"))
                .isInstanceOf(SnapshotException.class)
                .hasMessage("The snapshot " + snapshot.directory()
                        + " cannot be restored here: it was captured by engine qemu-tcg (QEMU 7.2.0, cpu max), this"
                        + " machine has engine kvm (EPYC-v4). Bake it on a machine like this one.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "nowhere", "nowhere/manifest.json"})
    void nothingThereIsSaidWithThePath(String path) {
        Path missing = temporary.resolve("empty").resolve(path);
        assertThatThrownBy(() -> Snapshot.open(missing))
                .isInstanceOf(SnapshotException.class)
                .hasMessage("There is no snapshot at " + missing
                        + ". Expected a snapshot's directory or the manifest.json in it.");
    }

    @Test
    void manifestsFromElsewhereNeverCrashTheReader() throws IOException {
        byte[] good = Files.readAllBytes(bake().directory().resolve("manifest.json"));
        Random random = new Random(20261101);
        int refused = 0;
        for (int round = 0; round < 3000; round++) {
            byte[] bytes = good.clone();
            for (int change = random.nextInt(3); change >= 0; change--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            try {
                // What is read in spite of the change must be what was written: blanks between members may change.
                assertThat(ManifestFormat.read(bytes)).isEqualTo(ManifestFormat.read(good));
            } catch (DamagedSnapshotException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(2000);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/etc/passwd", "../../other", "machine/../../other", "./machine/ram", "machine//ram", ""})
    void aPathThatLeavesTheFolderIsRefused(String path) throws IOException {
        SnapshotManifest good = bake().manifest();
        SnapshotManifest evil = new SnapshotManifest(
                good.formatVersion(),
                good.fingerprint(),
                good.name(),
                good.details(),
                good.created(),
                good.bakeDuration(),
                List.of(new SnapshotFile(path, 1, "sha256:00")));
        byte[] text = ManifestFormat.write(evil).getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> ManifestFormat.read(text))
                .hasMessage("its manifest cannot be read: files: expected distinct relative paths inside the directory,"
                        + " but was '" + path + "'");
    }

    @Test
    void theManifestHoldsNoAbsolutePath() throws IOException {
        assertThat(bake().directory().resolve("manifest.json"))
                .content()
                .doesNotContain(temporary.toString())
                .doesNotContain("\"/");
    }

    @Test
    void aLinkedRootImageSharesItsSpace() throws IOException {
        Path cached = Files.write(temporary.resolve("cached.erofs"), new byte[3 << 20]);
        Snapshot snapshot = SampleBakes.bakeOnce(
                store,
                "linked",
                FINGERPRINT,
                workspace -> {
                    BakeWorkspace.linkOrCopy(cached, workspace.rootImage());
                    return SampleBakes.details();
                },
                SILENT);
        assertThat(Files.isSameFile(cached, snapshot.rootImage())).isTrue();
        assertThat(Files.getAttribute(cached, "unix:nlink")).isEqualTo(2);
    }

    @Test
    void pruneRemovesTheLongestUnusedAndSkipsWhatIsInUse() throws IOException {
        List<Snapshot> snapshots = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            snapshots.add(SampleBakes.bakeOnce(store, "s" + i, SampleBakes.fingerprint(i), SampleBakes::bake, SILENT));
            lastUsed(snapshots.get(i), Duration.ofHours(10 - i));
        }
        long all = store.prune(Long.MAX_VALUE, Duration.ofDays(1)).remainingBytes();
        assertThat(all).isLessThan(4 * SampleBakes.RAM_BYTES).isGreaterThan(4 * 4096);

        try (SnapshotUse use = snapshots.get(0).acquireUse()) {
            lastUsed(use.snapshot(), Duration.ofHours(10));
            PruneReport report = store.prune(all / 2, Duration.ofDays(1));
            assertThat(report.inUse()).containsExactly(SampleBakes.fingerprint(0));
            assertThat(report.removed()).containsExactly(SampleBakes.fingerprint(1), SampleBakes.fingerprint(2));
            assertThat(report.remainingBytes()).isLessThanOrEqualTo(all / 2);
        }
        assertThat(Snapshot.open(snapshots.get(0).directory()).rootImage()).exists();
        assertThat(snapshots.get(1).directory()).doesNotExist();
        assertThat(store.root().resolve("tmp")).isEmptyDirectory();
        assertThatThrownBy(() -> snapshots.get(1).acquireUse())
                .isInstanceOf(SnapshotException.class)
                .hasMessage("The snapshot 's1' in " + snapshots.get(1).directory()
                        + " was removed meanwhile, by a prune or by hand. Ask the store for it again.");
    }

    @Test
    void pruneRemovesWhatIsTooOldAndUsingItMakesItYoung() throws IOException {
        Snapshot old = SampleBakes.bakeOnce(store, "old", SampleBakes.fingerprint(1), SampleBakes::bake, SILENT);
        Snapshot used = SampleBakes.bakeOnce(store, "used", SampleBakes.fingerprint(2), SampleBakes::bake, SILENT);
        lastUsed(old, Duration.ofDays(40));
        lastUsed(used, Duration.ofDays(40));
        used.acquireUse().close();
        assertThat(store.prune(Long.MAX_VALUE, Duration.ofDays(30)).removed())
                .containsExactly(SampleBakes.fingerprint(1));
    }

    @Test
    void everyBakePrunesButNeverItself() throws IOException {
        SnapshotStore tiny = new SnapshotStore(store.root(), 1, Duration.ofDays(1));
        Snapshot first = SampleBakes.bakeOnce(tiny, "first", SampleBakes.fingerprint(1), SampleBakes::bake, SILENT);
        assertThat(first.directory()).exists();
        Snapshot second = SampleBakes.bakeOnce(tiny, "second", SampleBakes.fingerprint(2), SampleBakes::bake, SILENT);
        assertThat(first.directory()).doesNotExist();
        assertThat(second.directory()).exists();
    }

    @Test
    void whatTheDeadLeftIsSwept() throws IOException {
        Path left = store.root().resolve("tmp/" + SampleBakes.fingerprint(5) + ".4711.x");
        Files.createDirectories(left.resolve("machine"));
        Files.writeString(left.resolve("machine/ram"), "half");
        bake();
        assertThat(left).doesNotExist();
    }

    @Test
    void theDigestIsTheSameForOneStoreAndAnotherForTheNext() throws IOException {
        EnvironmentDigest digest = store.environmentDigest();
        assertThat(digest.of("PASSWORD", "secret")).matches("hmac-sha256:[0-9a-f]{64}");
        assertThat(new SnapshotStore(store.root(), Settings.system())
                        .environmentDigest()
                        .of("PASSWORD", "secret"))
                .isEqualTo(digest.of("PASSWORD", "secret"));
        assertThat(digest.of("PASSWORT", "secret")).isNotEqualTo(digest.of("PASSWORD", "secret"));
        assertThat(digest.of("A", "Bsecret")).isNotEqualTo(digest.of("AB", "secret"));
        assertThat(new SnapshotStore(temporary.resolve("other"), Settings.system())
                        .environmentDigest()
                        .of("PASSWORD", "secret"))
                .isNotEqualTo(digest.of("PASSWORD", "secret"));
        assertThat(PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(store.root().resolve("environment.key"))))
                .isEqualTo("rw-------");
    }

    @Test
    void anInterruptedBakeSaysSo() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(this::bake)
                .isInstanceOf(BakeException.class)
                .hasMessageContaining(
                        "could not be stored in " + store.root()
                                + ": ClosedByInterruptException. The thread was interrupted; nothing is wrong with the directory.");
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void whatIsHeldStaysReadableWhileOthersPruneEverything() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(5);
        try {
            AtomicBoolean done = new AtomicBoolean();
            Future<Integer> pruner = threads.submit(() -> {
                int removed = 0;
                while (!done.get()) {
                    removed += store.prune(0, Duration.ofDays(1)).removed().size();
                }
                return removed;
            });
            List<Future<?>> users = new ArrayList<>();
            for (int user = 0; user < 4; user++) {
                int number = user % 2;
                users.add(threads.submit(() -> {
                    for (int round = 0; round < 15; round++) {
                        try (SnapshotUse use =
                                store.bakeOnce("s", SampleBakes.fingerprint(number), SampleBakes::bake, SILENT)) {
                            assertThat(Snapshot.open(use.snapshot().directory()).manifest())
                                    .isEqualTo(use.snapshot().manifest());
                        }
                    }
                }));
            }
            for (Future<?> user : users) {
                user.get(2, TimeUnit.MINUTES);
            }
            done.set(true);
            assertThat(pruner.get(1, TimeUnit.MINUTES)).isPositive();
        } finally {
            threads.shutdownNow();
        }
        assertThat(log.list).noneMatch(event -> event.getFormattedMessage().startsWith("Baking"));
    }

    private static void lastUsed(Snapshot snapshot, Duration ago) throws IOException {
        Files.setLastModifiedTime(
                snapshot.directory().resolve("used"),
                FileTime.from(Instant.now().minus(ago)));
    }

    private static void copyTree(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(
                        file,
                        to.resolve(from.relativize(file).toString()),
                        StandardCopyOption.COPY_ATTRIBUTES,
                        LinkOption.NOFOLLOW_LINKS);
            }
        }
    }
}
