package dev.supermachine.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Programs from outside. */
final class Programs {

    private Programs() {}

    /**
     * Runs one to its end.
     *
     * @return what it printed
     * @throws IOException if it fails, with what it printed
     */
    static String run(String... command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        try (InputStream output = process.getInputStream()) {
            String printed = new String(output.readAllBytes(), StandardCharsets.UTF_8);
            int status = process.waitFor();
            if (status != 0) {
                throw new IOException(List.of(command) + " failed with status " + status + ":\n" + printed);
            }
            return printed;
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException("Interrupted while " + List.of(command) + " ran", e);
        }
    }
}
