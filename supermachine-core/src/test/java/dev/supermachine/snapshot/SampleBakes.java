package dev.supermachine.snapshot;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Bakes without a machine: files of the shapes that an engine leaves. */
final class SampleBakes {

    static final String FINGERPRINT = "a".repeat(64);
    static final long RAM_BYTES = 8L << 20;
    static final WaitListener SILENT = message -> {};

    private SampleBakes() {}

    static String fingerprint(int number) {
        return String.format("%064x", number);
    }

    static SnapshotDetails details() {
        return new SnapshotDetails(
                "localhost:5000/postgres:16",
                "sha256:" + "1".repeat(64),
                "linux/amd64",
                "qemu-tcg",
                "QEMU 7.2.0, cpu max",
                512,
                1,
                List.of(5432, 5433),
                true,
                "a listener on port 5432",
                "2".repeat(64),
                "3".repeat(64),
                List.of(),
                Map.of("POSTGRES_PASSWORD", "hmac-sha256:" + "4".repeat(64)),
                "{\"argv\":[\"postgres\",\"-c\",\"fsync=off\"]}",
                "[    0.000000] Linux version 6.1\nready ü");
    }

    static SnapshotDetails bake(BakeWorkspace workspace) throws IOException {
        Files.writeString(workspace.rootImage(), "the root image");
        Files.writeString(workspace.machineDirectory().resolve("state"), "device state");
        try (RandomAccessFile ram =
                new RandomAccessFile(workspace.machineDirectory().resolve("ram").toFile(), "rw")) {
            ram.setLength(RAM_BYTES);
            ram.seek(3 << 20);
            ram.write(new byte[] {1, 2, 3});
        }
        return details();
    }

    /** A snapshot that nobody holds. */
    static Snapshot bakeOnce(
            SnapshotStore store, String name, String fingerprint, BakeAction action, WaitListener onWaiting) {
        try (SnapshotUse use = store.bakeOnce(name, fingerprint, action, onWaiting)) {
            return use.snapshot();
        }
    }

    static Path ram(Snapshot snapshot) {
        return snapshot.directory().resolve("machine/ram");
    }
}
