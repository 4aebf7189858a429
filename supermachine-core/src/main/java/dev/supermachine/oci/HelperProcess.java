package dev.supermachine.oci;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A program that is given a text and prints a short answer, within a time. */
final class HelperProcess {

    private static final int MAX_OUTPUT = 1 << 20;

    /** What came of it; {@code output} may be a secret. */
    @SuppressWarnings("ArrayRecordComponent") // never compared, never printed
    record Result(boolean timedOut, int status, byte[] output, byte[] errors) {}

    private HelperProcess() {}

    /**
     * Runs a program to its end, or to the end of its time.
     *
     * @throws InterruptedIOException if the thread is interrupted; the program is ended
     * @throws IOException if it cannot be started
     */
    static Result run(List<String> command, String input, Duration limit) throws IOException {
        long deadline = System.nanoTime() + limit.toNanos();
        Process process = new ProcessBuilder(command).start();
        try {
            CompletableFuture<byte[]> output = collect(process.getInputStream());
            CompletableFuture<byte[]> errors = collect(process.getErrorStream());
            try (OutputStream in = process.getOutputStream()) {
                in.write(input.getBytes(StandardCharsets.UTF_8));
            } catch (IOException e) {
                // It ended without reading what it was given; its status tells why.
            }
            // The streams first: a program may end and leave one behind that still writes to them.
            byte[] printed = output.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            byte[] complained = errors.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (!process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                return new Result(true, -1, new byte[0], new byte[0]);
            }
            return new Result(false, process.exitValue(), printed, complained);
        } catch (TimeoutException e) {
            return new Result(true, -1, new byte[0], new byte[0]);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    private static CompletableFuture<byte[]> collect(InputStream stream) {
        CompletableFuture<byte[]> result = new CompletableFuture<>();
        Thread reader = new Thread(
                () -> {
                    try (stream) {
                        result.complete(stream.readNBytes(MAX_OUTPUT));
                    } catch (IOException e) {
                        result.completeExceptionally(e);
                    }
                },
                "supermachine-credential-helper");
        reader.setDaemon(true);
        reader.start();
        return result;
    }
}
