package dev.supermachine.snapshot;

import java.nio.file.Path;
import java.util.regex.Pattern;

/** The only place that knows how a store is laid out on disk; see {@code docs/snapshot-format.md}. */
record SnapshotLayout(Path root) {

    static final String MANIFEST = "manifest.json";
    static final String USED = "used";
    static final String ROOT_IMAGE = "root.erofs";
    static final String MACHINE = "machine";
    static final String VOLUMES = "volumes";

    private static final Pattern FINGERPRINT = Pattern.compile("[0-9a-f]{64}");

    /** The path of a volume's disk, relative to the snapshot's directory. */
    static String volume(int index) {
        return VOLUMES + "/" + index;
    }

    Path baked() {
        return root.resolve("baked");
    }

    Path snapshot(String fingerprint) {
        return baked().resolve(checked(fingerprint));
    }

    Path temporary() {
        return root.resolve("tmp");
    }

    Path locks() {
        return root.resolve("locks");
    }

    Path lock(String fingerprint) {
        return locks().resolve(checked(fingerprint) + ".lock");
    }

    Path environmentKey() {
        return root.resolve("environment.key");
    }

    Path ledger() {
        return root.resolve("ledger");
    }

    static boolean isFingerprint(String text) {
        return FINGERPRINT.matcher(text).matches();
    }

    private static String checked(String fingerprint) {
        if (!isFingerprint(fingerprint)) {
            throw new IllegalArgumentException(
                    "A fingerprint is 64 hexadecimal digits in lower case, but was: '" + fingerprint + "'");
        }
        return fingerprint;
    }
}
