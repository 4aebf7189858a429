package dev.supermachine.snapshot;

import java.io.IOException;
import java.nio.file.Path;

/** A JVM that uses the snapshot whose directory is its argument until a line comes in. */
final class UsingJvm {

    private UsingJvm() {}

    public static void main(String[] arguments) throws IOException {
        try (SnapshotUse use = Snapshot.open(Path.of(arguments[0])).acquireUse()) {
            System.out.println("USING " + use.snapshot().manifest().name());
            if (System.in.read() < 0) {
                throw new IOException("The standard input was closed before a line came");
            }
        }
    }
}
