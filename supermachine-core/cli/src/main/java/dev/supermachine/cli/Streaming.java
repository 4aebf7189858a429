package dev.supermachine.cli;

import dev.supermachine.ExecProcess;
import dev.supermachine.ExecResult;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;

/** Connects a command in a machine with streams of this process. */
final class Streaming {

    private static final int BUFFER = 64 * 1024;
    private static final Duration FOREVER = Duration.ofDays(365);

    private Streaming() {}

    /** Copies all three streams until the command has ended, and says how. */
    static ExecResult run(ExecProcess process, InputStream in, OutputStream out, OutputStream err) {
        // The input may never end, so nobody waits for it.
        start(() -> feed(in, process.stdin()), "stdin");
        Thread errors = start(() -> copy(process.stderr(), err), "stderr");
        copy(process.stdout(), out);
        ExecResult result = process.waitFor(FOREVER).orElseThrow();
        try {
            errors.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return result;
    }

    static Thread start(Runnable work, String name) {
        Thread thread = new Thread(work, "supermachine-" + name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private static void feed(InputStream in, OutputStream stdin) {
        try (stdin) {
            copyAll(in, stdin);
        } catch (IOException e) {
            // the command reads no further, which is its right
            return;
        }
    }

    /** What the machine has no more to say of, the end of the command tells. */
    private static void copy(InputStream from, OutputStream to) {
        try {
            copyAll(from, to);
        } catch (IOException e) {
            throw new UncheckedIOException("The output of the command cannot be passed on: " + e.getMessage(), e);
        }
    }

    private static void copyAll(InputStream from, OutputStream to) throws IOException {
        byte[] buffer = new byte[BUFFER];
        for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
            to.write(buffer, 0, count);
            to.flush();
        }
    }
}
