package dev.supermachine.image;

import dev.supermachine.ExecProcess;
import dev.supermachine.ExecResult;
import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.testing.Background;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** Streams into a machine, out of it, and through it. Arguments: the snapshot, and how many MiB each time. Prints how many bytes came. */
final class StreamingJvm {

    private static final Duration LONG = Duration.ofMinutes(30);

    private StreamingJvm() {}

    public static void main(String[] arguments) throws IOException {
        long bytes = Long.parseLong(arguments[1]) << 20;
        try (Vm vm = Image.fromSnapshot(Path.of(arguments[0])).start(VmConfig.defaults())) {
            try (ExecProcess sink = vm.command("wc", "-c").spawn()) {
                write(sink.stdin(), bytes);
                System.out.println("into: " + text(sink.stdout()).strip());
                requireSuccess(sink);
            }
            try (ExecProcess source =
                    vm.command("head", "-c", Long.toString(bytes), "/dev/zero").spawn()) {
                System.out.println("out of: " + count(source.stdout()));
                requireSuccess(source);
            }
            try (ExecProcess both = vm.command("cat").spawn()) {
                CompletableFuture<Void> writing = Background.run(() -> write(both.stdin(), bytes));
                System.out.println("both: " + count(both.stdout()));
                writing.join();
                requireSuccess(both);
            }
        }
    }

    private static void write(OutputStream out, long bytes) {
        byte[] chunk = new byte[64 * 1024];
        try (out) {
            for (long left = bytes; left > 0; left -= chunk.length) {
                out.write(chunk);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long count(InputStream in) throws IOException {
        byte[] chunk = new byte[64 * 1024];
        long total = 0;
        for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
            total += count;
        }
        return total;
    }

    private static String text(InputStream in) throws IOException {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }

    private static void requireSuccess(ExecProcess process) {
        ExecResult end = process.waitFor(LONG).orElseThrow();
        if (!end.success()) {
            throw new IllegalStateException(end.toString());
        }
    }
}
