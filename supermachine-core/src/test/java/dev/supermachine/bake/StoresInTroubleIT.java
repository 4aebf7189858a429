package dev.supermachine.bake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import dev.supermachine.SnapshotException;
import dev.supermachine.SupermachineException;
import dev.supermachine.guest.GuestKernel;
import dev.supermachine.guest.Initramfs;
import dev.supermachine.oci.ContentStore;
import dev.supermachine.oci.ImagePuller;
import dev.supermachine.oci.ImageSource;
import dev.supermachine.oci.PullListener;
import dev.supermachine.oci.PulledImage;
import dev.supermachine.pool.Booking;
import dev.supermachine.pool.MemoryLedger;
import dev.supermachine.rootfs.RootfsLimits;
import dev.supermachine.settings.Settings;
import dev.supermachine.snapshot.SampleSnapshot;
import dev.supermachine.snapshot.Snapshot;
import dev.supermachine.snapshot.SnapshotStore;
import dev.supermachine.tar.TarSpec;
import dev.supermachine.testing.DiskWithoutFlock;
import dev.supermachine.testing.OciLayout;
import dev.supermachine.testing.SmallDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every store on a disk that is full, read-only, or without flock: a message of its own with the store, the path, the state of the disk and the setting that moves it; and
 * the same thing works once the disk is well again.
 */
class StoresInTroubleIT {

    private static final String CACHE = "supermachine.cache.dir";
    private static final String SNAPSHOTS = "supermachine.snapshots.dir";

    private static final int ENOLCK = 37;
    private static final int ENOSYS = 38;
    private static final int EOPNOTSUPP = 95;
    private static final String NO_FLOCK =
            ": \\[37\\] No locks available\\. Its file system has no flock, as some network and FUSE"
                    + " file systems have none; the directory has to be on a local one";
    private static final String LOCAL =
            "has \\d+ of \\d+ MiB free\\. Check that the directory belongs to this user and is on a local file system, or";

    @TempDir
    static Path temp;

    private static Path layout = Path.of("");
    private static PulledImage pulled;

    /** A store, what is done with it, and what is said when that fails on a full disk, on one that is read-only, and on one without flock. */
    enum Store {
        BLOBS(
                4,
                CACHE,
                "Cannot pull oci-layout:\\S+: writing to the image cache DISK failed: No space left on device",
                "The image cache DISK cannot be opened: DISK/blobs: Read-only file system",
                "Cannot pull oci-layout:\\S+ into the image cache DISK: Cannot lock DISK/tmp\\.lock") {
            @Override
            void use(Path disk) {
                pull(disk);
            }
        },
        ROOT_IMAGES(
                4,
                CACHE,
                "Cannot write the root file system image DISK/rootfs/[0-9a-f]{64}\\.erofs\\.part of 3002368 bytes: No space"
                        + " left on device",
                "The root file system of oci-layout:\\S+ could not be written to DISK/rootfs/[0-9a-f]{64}\\.erofs:"
                        + " DISK/rootfs: Read-only file system",
                "The root file system of oci-layout:\\S+ could not be written to DISK/rootfs/[0-9a-f]{64}\\.erofs: Cannot lock"
                        + " DISK/rootfs/[0-9a-f]{64}\\.erofs\\.lock") {
            @Override
            void use(Path disk) {
                assertThat(new RootImages(disk, RootfsLimits.defaults()).of(pulled))
                        .exists();
            }
        },
        KERNEL(
                128,
                CACHE,
                "Cannot unpack the guest kernel \\S+ \\(60 MB\\) to DISK/kernel/\\S+/vmlinux: No space left on device",
                "Cannot unpack the guest kernel \\S+ \\(60 MB\\) to DISK/kernel/\\S+/vmlinux: DISK/kernel:"
                        + " Read-only file system",
                "Cannot unpack the guest kernel \\S+ \\(60 MB\\) to DISK/kernel/\\S+/vmlinux: Cannot lock DISK/kernel/\\S+/vmlinux\\.lock") {
            @Override
            void use(Path disk) {
                assertThat(GuestKernel.locate(disk, Optional.empty()).vmlinux()).exists();
            }
        },
        INITIAL_FILE_SYSTEM(
                16,
                CACHE,
                "Cannot write the guest's initial file system DISK/initramfs-[0-9a-f]+\\.cpio: No space left on device",
                "Cannot write the guest's initial file system DISK/initramfs-[0-9a-f]+\\.cpio: Cannot open the lock file"
                        + " DISK/initramfs-[0-9a-f]+\\.cpio\\.lock: .*Read-only file system",
                "Cannot write the guest's initial file system DISK/initramfs-[0-9a-f]+\\.cpio: Cannot lock"
                        + " DISK/initramfs-[0-9a-f]+\\.cpio\\.lock") {
            @Override
            void use(Path disk) {
                assertThat(Initramfs.write(
                                disk,
                                new byte[1 << 20],
                                GuestKernel.locate(temp.resolve("unused"), Optional.empty()),
                                Optional.empty()))
                        .exists();
            }
        },
        SNAPSHOTS_TAKEN(
                4,
                SNAPSHOTS,
                "The snapshot of 'postgres' could not be stored in DISK: No space left on device",
                "The snapshot of 'postgres' could not be stored in DISK: DISK/locks: Read-only file system",
                "The snapshot of 'postgres' could not be stored in DISK: Cannot lock DISK/locks/\\S+\\.lock") {
            @Override
            void use(Path disk) {
                assertThat(SampleSnapshot.in(disk).directory()).startsWith(disk);
            }
        },
        SNAPSHOTS_PRUNED(
                4, SNAPSHOTS, "", "The snapshots in DISK could not be pruned: DISK/locks: Read-only file system", "") {
            @Override
            void use(Path disk) {
                assertThat(new SnapshotStore(disk, Settings.system())
                                .prune(1, Duration.ofDays(1))
                                .remainingBytes())
                        .isZero();
            }
        },
        KEY(
                4,
                SNAPSHOTS,
                "The key DISK/environment.key cannot be read or made: No space left on device",
                "The key DISK/environment.key cannot be read or made: DISK/locks: Read-only file system",
                "The key DISK/environment.key cannot be read or made: Cannot lock DISK/locks/environment\\.lock") {
            @Override
            void use(Path disk) {
                assertThat(new SnapshotStore(disk, Settings.system())
                                .environmentDigest()
                                .of("A", "b"))
                        .startsWith("hmac-sha256:");
            }
        },
        LEDGER(
                4,
                SNAPSHOTS,
                "The memory ledger in DISK cannot be used: No space left on device",
                "The memory ledger in DISK cannot be used: Cannot open the lock file DISK/lock: .*Read-only file system",
                "The memory ledger in DISK cannot be used: Cannot lock DISK/lock") {
            @Override
            void use(Path disk) {
                try (MemoryLedger ledger = MemoryLedger.open(disk, OptionalInt.of(100))) {
                    ledger.book("machine", 100, Duration.ZERO, message -> {}).close();
                }
            }
        };

        private final int mib;
        private final String setting;
        private final String whenFull;
        private final String whenReadOnly;
        private final String whenWithoutFlock;

        Store(int mib, String setting, String whenFull, String whenReadOnly, String whenWithoutFlock) {
            this.mib = mib;
            this.setting = setting;
            this.whenFull = whenFull;
            this.whenReadOnly = whenReadOnly;
            this.whenWithoutFlock = whenWithoutFlock;
        }

        abstract void use(Path disk);
    }

    private static PulledImage pull(Path cache) {
        return new ImagePuller(new ContentStore(cache), PullListener.SILENT)
                .pull(ImageSource.ociLayout(layout, Optional.empty()), Platform.LINUX_AMD64, PullPolicy.IF_MISSING);
    }

    @BeforeAll
    static void prepare() throws IOException {
        assumeTrue(SmallDisk.isPossible(temp), "Only root may mount file systems");
        byte[] content = new byte[3_000_000 - 8 * 512];
        new Random(1).nextBytes(content);
        layout = temp.resolve("layout");
        new OciLayout()
                .tar(TarSpec.archive(TarSpec.of('0', "file").content(content)))
                .write(layout);
        pulled = pull(temp.resolve("cache"));
    }

    @ParameterizedTest
    @EnumSource
    void aFullDisk(Store store) throws IOException {
        try (SmallDisk disk = SmallDisk.mount(temp, store.mib)) {
            disk.fill(0);
            if (store.whenFull.isEmpty()) {
                // What takes no space works without.
                store.use(disk.root());
                return;
            }
            assertFails(
                    store, disk.root(), store.whenFull, "has 0 of " + store.mib + " MiB free\\. Make room there, or");
            disk.makeRoom();
            store.use(disk.root());
            store.use(disk.root());
        }
    }

    /** Wherever the space ends, the store is consistent. */
    @ParameterizedTest
    @EnumSource(names = {"BLOBS", "ROOT_IMAGES", "KERNEL", "INITIAL_FILE_SYSTEM", "SNAPSHOTS_TAKEN"})
    void aDiskThatFillsUpMeanwhile(Store store) throws IOException {
        int failures = 0;
        for (long left : new long[] {4096, 8192, 12_288, 20_480, 65_536, 1 << 20}) {
            try (SmallDisk disk = SmallDisk.mount(temp, store.mib)) {
                disk.fill(left);
                try {
                    store.use(disk.root());
                } catch (SupermachineException e) {
                    failures++;
                    assertThat(e).hasMessageContaining("No space left on device. The file system of ");
                    assertNothingHalf(disk.root());
                }
                disk.makeRoom();
                store.use(disk.root());
                assertNothingHalf(disk.root());
            }
        }
        assertThat(failures).isPositive();
    }

    @ParameterizedTest
    @EnumSource
    void aReadOnlyDisk(Store store) throws IOException {
        try (SmallDisk disk = SmallDisk.mount(temp, store.mib)) {
            disk.makeReadOnly();
            assertFails(store, disk.root(), store.whenReadOnly, "is read-only\\. Make it writable, or");
            disk.makeWritable();
            store.use(disk.root());
        }
    }

    /** What is there already needs no writing: a cache filled elsewhere may be mounted read-only. */
    @ParameterizedTest
    @EnumSource(names = {"BLOBS", "ROOT_IMAGES", "KERNEL", "INITIAL_FILE_SYSTEM", "KEY"})
    void whatIsThereIsUsedFromAReadOnlyDisk(Store store) throws IOException {
        try (SmallDisk disk = SmallDisk.mount(temp, store.mib)) {
            store.use(disk.root());
            disk.makeReadOnly();
            store.use(disk.root());
        }
    }

    /** A booking that cannot be given back while the disk is full is given back as soon as there is room, and not only when the JVM ends. */
    @Test
    void memoryIsGivenBackOnceThereIsRoom() throws IOException {
        try (SmallDisk disk = SmallDisk.mount(temp, 4);
                MemoryLedger ledger = MemoryLedger.open(disk.root(), OptionalInt.of(100))) {
            Booking booking = ledger.book("first", 100, Duration.ZERO, message -> {});
            disk.fill(0);
            booking.close();
            disk.makeRoom();
            ledger.book("second", 100, Duration.ZERO, message -> {}).close();
        }
    }

    /** Nothing can be made safely there, so nothing is; what is shown is the same directory as it is where locks work. */
    @ParameterizedTest
    @EnumSource
    void aFileSystemWithoutFlock(Store store) throws IOException {
        try (DiskWithoutFlock disk = DiskWithoutFlock.mount(temp, noflock(), ENOLCK)) {
            if (store.whenWithoutFlock.isEmpty()) {
                // What is not there needs no lock.
                store.use(disk.root());
                return;
            }
            assertFails(store, disk.root(), store.whenWithoutFlock + NO_FLOCK, LOCAL);
            store.use(disk.behind());
            assertNothingHalf(disk.behind());
        }
    }

    @ParameterizedTest
    @CsvSource({ENOSYS + ",Function not implemented", EOPNOTSUPP + ",Operation not supported"})
    void otherWordsForNoFlock(int errno, String words) throws IOException {
        try (DiskWithoutFlock disk = DiskWithoutFlock.mount(temp, noflock(), errno)) {
            assertFails(
                    Store.LEDGER,
                    disk.root(),
                    Store.LEDGER.whenWithoutFlock
                            + NO_FLOCK.replace("37", "" + errno).replace("No locks available", words),
                    LOCAL);
        }
    }

    /** What is there already needs no lock, but for a snapshot, which somebody could remove under a machine. */
    @ParameterizedTest
    @EnumSource(names = {"BLOBS", "ROOT_IMAGES", "KERNEL", "INITIAL_FILE_SYSTEM", "KEY"})
    void whatIsThereIsUsedWithoutFlock(Store store) throws IOException {
        try (DiskWithoutFlock disk = DiskWithoutFlock.mount(temp, noflock(), ENOLCK)) {
            store.use(disk.behind());
            store.use(disk.root());
        }
    }

    @Test
    void aSnapshotThatCannotBeLockedIsNeitherUsedNorRemoved() throws IOException {
        try (DiskWithoutFlock disk = DiskWithoutFlock.mount(temp, noflock(), ENOLCK)) {
            Path kept = SampleSnapshot.in(disk.behind()).directory();
            Path shown = disk.root().resolve(disk.behind().relativize(kept));

            assertThatThrownBy(() -> Snapshot.open(shown).acquireUse())
                    .isInstanceOf(SnapshotException.class)
                    .hasMessageMatching(
                            "The snapshot 'postgres' in " + shown + " cannot be kept from being removed while it is"
                                    + " used: Cannot lock " + shown + "/manifest\\.json" + NO_FLOCK + "\\.");
            assertThatThrownBy(() -> new SnapshotStore(disk.root(), Settings.system()).prune(0, Duration.ZERO))
                    .isInstanceOf(SnapshotException.class)
                    .hasMessageMatching("The snapshots in " + disk.root() + " could not be pruned: Cannot lock "
                            + disk.root() + "/locks/\\S+\\.lock" + NO_FLOCK + "\\. .*");
            assertFails(Store.SNAPSHOTS_TAKEN, disk.root(), Store.SNAPSHOTS_TAKEN.whenWithoutFlock + NO_FLOCK, LOCAL);

            Snapshot.open(kept).acquireUse().close();
        }
    }

    private static Path noflock() {
        assumeTrue(DiskWithoutFlock.isPossible(temp), "Needs /dev/fuse");
        return DiskWithoutFlock.program(temp);
    }

    private static void assertFails(Store store, Path disk, String message, String state) throws IOException {
        String root = disk.toString();
        String directory = store == Store.KERNEL ? root + "/kernel/\\S+" : root;
        assertThatThrownBy(() -> store.use(disk))
                .isInstanceOf(SupermachineException.class)
                .hasCauseInstanceOf(IOException.class)
                .hasMessageMatching(message.replace("DISK", root) + "\\. The file system of " + directory
                        + "(/\\S+)? \\((tmpfs|fuse\\.noflock)\\) " + state
                        + " choose another (directory|one) with the setting "
                        + store.setting
                        + "\\.");
        assertNothingHalf(disk);
    }

    private static void assertNothingHalf(Path disk) throws IOException {
        try (Stream<Path> files = Files.walk(disk)) {
            List<String> half = files.filter(Files::isRegularFile)
                    .map(file -> disk.relativize(file).toString())
                    .filter(name -> name.matches(".*(\\.part|\\.tmp)|tmp/.*|environment\\.key\\..*"))
                    .toList();
            assertThat(half).isEmpty();
        }
    }
}
