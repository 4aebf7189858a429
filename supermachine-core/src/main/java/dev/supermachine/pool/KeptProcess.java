package dev.supermachine.pool;

import dev.supermachine.ExecProcess;
import dev.supermachine.ExecResult;
import dev.supermachine.MachineException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A command that runs in a machine of another process, seen from here. */
final class KeptProcess implements ExecProcess {

    private static final int PIPE = 256 * 1024;
    private static final int MOST_CHARACTERS = 65535;
    private static final byte[] NOTHING = {};

    private final KeptFrames frames;
    private final String subject;
    private final boolean hasTerminal;
    private final PipedInputStream stdout = new PipedInputStream(PIPE);
    private final PipedInputStream stderr = new PipedInputStream(PIPE);
    private final PipedOutputStream toStdout;
    private final PipedOutputStream toStderr;
    private final CompletableFuture<ExecResult> end = new CompletableFuture<>();

    private KeptProcess(KeptFrames frames, String subject, boolean hasTerminal) throws IOException {
        this.frames = frames;
        this.subject = subject;
        this.hasTerminal = hasTerminal;
        this.toStdout = new PipedOutputStream(stdout);
        this.toStderr = new PipedOutputStream(stderr);
    }

    /** Waits for the keeper's word that it runs. */
    static KeptProcess started(KeptFrames frames, String subject, boolean hasTerminal) throws IOException {
        KeptFrames.Frame answer = frames.read();
        if (answer == null) {
            throw new IOException("it ended the connection");
        }
        if (answer.type() != KeptFrames.Type.STARTED) {
            throw new MachineException(new String(answer.bytes(), StandardCharsets.UTF_8));
        }
        KeptProcess process = new KeptProcess(frames, subject, hasTerminal);
        Thread reader = new Thread(process::readAll, "supermachine-kept-exec");
        reader.setDaemon(true);
        reader.start();
        return process;
    }

    private void readAll() {
        try (toStdout;
                toStderr) {
            KeptFrames.Frame frame;
            while ((frame = frames.read()) != null) {
                switch (frame.type()) {
                    case STDOUT -> toStdout.write(frame.bytes());
                    case STDERR -> toStderr.write(frame.bytes());
                    case EXIT -> end.complete(result(new String(frame.bytes(), StandardCharsets.UTF_8)));
                    case FAILURE ->
                        end.completeExceptionally(
                                new MachineException(new String(frame.bytes(), StandardCharsets.UTF_8)));
                    default -> throw new IOException("a frame of kind " + frame.type());
                }
            }
            end.completeExceptionally(
                    new MachineException(subject + ": the machine, or the process that keeps it, has ended."));
        } catch (IOException | IllegalArgumentException e) {
            end.completeExceptionally(
                    new MachineException(subject + ": how it ended could not be learned: " + e.getMessage(), e));
        }
    }

    private static ExecResult result(String text) {
        String[] words = text.split(" ", -1);
        return new ExecResult(
                Integer.parseInt(words[0]),
                NOTHING,
                NOTHING,
                Duration.ofMillis(Long.parseLong(words[2])),
                Boolean.parseBoolean(words[1]),
                Long.parseLong(words[3]));
    }

    /** As {@link #result} reads it. */
    static byte[] encoded(ExecResult result) {
        return (result.exitStatus() + " " + result.timedOut() + " "
                        + result.duration().toMillis() + " " + result.peakRssKib())
                .getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public OutputStream stdin() {
        return new OutputStream() {
            @Override
            public void write(int value) throws IOException {
                write(new byte[] {(byte) value}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                if (length > 0) {
                    frames.write(KeptFrames.Type.STDIN, bytes, offset, length);
                }
            }

            @Override
            public void close() throws IOException {
                if (!end.isDone()) {
                    frames.write(KeptFrames.Type.STDIN, NOTHING);
                }
            }
        };
    }

    @Override
    public InputStream stdout() {
        return stdout;
    }

    @Override
    public InputStream stderr() {
        return stderr;
    }

    @Override
    public void signal(int number) {
        tell(KeptFrames.Type.SIGNAL, String.valueOf(number));
    }

    @Override
    public void resize(int rows, int columns) {
        if (rows < 1 || rows > MOST_CHARACTERS || columns < 1 || columns > MOST_CHARACTERS) {
            throw new IllegalArgumentException(
                    "A terminal has 1 to 65535 rows and columns, but was: " + rows + " rows, " + columns + " columns");
        }
        if (!hasTerminal) {
            throw new IllegalStateException(subject + " has no terminal.");
        }
        tell(KeptFrames.Type.RESIZE, rows + " " + columns);
    }

    private void tell(KeptFrames.Type type, String text) {
        try {
            frames.write(type, text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // it has ended, so that nothing is left to be told
            return;
        }
    }

    @Override
    public Optional<ExecResult> waitFor(Duration limit) {
        try {
            return Optional.of(end.get(TimeUnit.NANOSECONDS.convert(limit), TimeUnit.NANOSECONDS));
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof MachineException known
                    ? known
                    : new MachineException(subject + ": how it ended could not be learned: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MachineException(subject + ": the thread that waited for its end was interrupted.", e);
        }
    }

    @Override
    public void close() {
        try {
            frames.close();
        } catch (IOException e) {
            throw new UncheckedIOException(subject + ": the connection to its machine cannot be closed", e);
        }
    }
}
