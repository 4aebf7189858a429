package dev.supermachine.snapshot;

import dev.supermachine.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A JVM that asks for a snapshot. Arguments: the store, a file that gets one line for each bake, and {@code wait} to bake until a line comes in. Prints who it
 * waited for and what it got.
 */
final class BakingJvm {

    private BakingJvm() {}

    public static void main(String[] arguments) {
        SnapshotStore store = new SnapshotStore(Path.of(arguments[0]), Settings.system());
        Snapshot snapshot = SampleBakes.bakeOnce(
                store,
                "postgres",
                SampleBakes.FINGERPRINT,
                workspace -> {
                    SnapshotDetails details = SampleBakes.bake(workspace);
                    Files.writeString(
                            Path.of(arguments[1]),
                            "baked by " + ProcessHandle.current().pid() + "\n",
                            StandardOpenOption.CREATE,
                            StandardOpenOption.APPEND);
                    System.out.println("BAKING");
                    if (arguments[2].equals("wait")) {
                        awaitLine();
                    }
                    return details;
                },
                message -> System.out.println("WAITING " + message));
        System.out.println("GOT " + snapshot.manifest().created());
    }

    private static void awaitLine() throws IOException {
        if (System.in.read() < 0) {
            throw new IOException("The standard input was closed before a line came");
        }
    }
}
