package dev.supermachine.rootfs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Programs of the host that the image is compared with. */
public final class Tools {

    private static final long TIMEOUT_SECONDS = 300;

    public record Outcome(int status, String output, String errors) {}

    private Tools() {}

    /** Fails, saying what to install, unless each program is on the path. */
    public static void require(String... programs) {
        for (String program : programs) {
            boolean found = false;
            for (String directory : System.getenv("PATH").split(":", -1)) {
                found |= Files.isExecutable(Path.of(directory, program));
            }
            if (!found) {
                throw new AssertionError(
                        "The program " + program
                                + " is needed for this test: apt-get install umoci skopeo buildah erofs-utils musl-tools mount (as root).");
            }
        }
    }

    public static Outcome run(Path scratch, List<String> command) {
        try {
            Path output = Files.createTempFile(scratch, "out", "");
            Path errors = Files.createTempFile(scratch, "err", "");
            Process process = new ProcessBuilder(command)
                    .redirectOutput(output.toFile())
                    .redirectError(errors.toFile())
                    .start();
            if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("Still running after " + TIMEOUT_SECONDS + " s: " + command);
            }
            Outcome outcome = new Outcome(
                    process.exitValue(),
                    Files.readString(output, StandardCharsets.ISO_8859_1),
                    Files.readString(errors, StandardCharsets.ISO_8859_1));
            Files.delete(output);
            Files.delete(errors);
            return outcome;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** The standard output; fails unless the status is 0. */
    public static String check(Path scratch, String... command) {
        Outcome outcome = run(scratch, List.of(command));
        if (outcome.status() != 0) {
            throw new AssertionError(List.of(command) + " ended with status " + outcome.status() + ":\n"
                    + outcome.output() + outcome.errors());
        }
        return outcome.output();
    }

    /** Copies an image with its layers uncompressed, for skopeo pushes what is compressed already as it is; returns the copy's name for skopeo. */
    static String uncompressed(Path directory, String taggedLayout) throws IOException {
        String copy = "dir:" + directory.resolve("uncompressed");
        check(directory, "skopeo", "--insecure-policy", "copy", "-q", "--dest-decompress", "oci:" + taggedLayout, copy);
        return copy;
    }
}
