package dev.supermachine.pool;

import dev.supermachine.ExecProcess;
import dev.supermachine.ExecResult;
import dev.supermachine.MachineException;
import dev.supermachine.guest.ExecExit;
import dev.supermachine.guest.GuestProcess;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** A command in the guest, in the terms of the public API. */
final class VmProcess implements ExecProcess {

    private static final int SIGNAL_BASE = 128;
    private static final int TIMED_OUT_STATUS = 124;
    private static final byte[] NOTHING = {};

    private final GuestProcess process;

    private final String subject;

    /** A process, and the command and its machine as the beginning of a sentence. */
    VmProcess(GuestProcess process, String subject) {
        this.process = process;
        this.subject = subject;
    }

    @Override
    public OutputStream stdin() {
        return process.stdin();
    }

    @Override
    public InputStream stdout() {
        return process.stdout();
    }

    @Override
    public InputStream stderr() {
        return process.stderr();
    }

    @Override
    public void signal(int number) {
        process.signal(number);
    }

    @Override
    public void resize(int rows, int columns) {
        process.resize(rows, columns);
    }

    @Override
    public Optional<ExecResult> waitFor(Duration limit) {
        try {
            return Optional.of(result(
                    process.exit().get(TimeUnit.NANOSECONDS.convert(limit), TimeUnit.NANOSECONDS), NOTHING, NOTHING));
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (ExecutionException e) {
            throw failure(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw interrupted(e);
        }
    }

    @Override
    public void close() {
        process.close();
    }

    /** Feeds the input, reads both outputs, and waits for the end: of each command that was run. */
    List<ExecResult> collect(byte[] input, int outputLimit) {
        @Nullable Thread feeder = null;
        if (input.length > 0) {
            // on a thread of its own, because a command may write before it reads
            feeder = new Thread(() -> feed(input), "supermachine-stdin");
            feeder.setDaemon(true);
            feeder.start();
        }
        LimitedOutput out = new LimitedOutput("standard output", outputLimit);
        LimitedOutput err = new LimitedOutput("standard error", outputLimit);
        try {
            process.drain(out, err);
            return results(process.exits().get(), out.toByteArray(), err.toByteArray());
        } catch (IOException e) {
            throw new MachineException(subject + ": its output could not be read: " + e.getMessage(), e);
        } catch (ExecutionException e) {
            throw failure(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw interrupted(e);
        }
    }

    private MachineException interrupted(InterruptedException cause) {
        return new MachineException(subject + ": the thread that waited for its end was interrupted.", cause);
    }

    private void feed(byte[] input) {
        try (OutputStream stdin = process.stdin()) {
            stdin.write(input);
        } catch (IOException e) {
            // it ended without reading all of it, which is its right
            return;
        }
    }

    private static ExecResult result(ExecExit exit, byte[] out, byte[] err) {
        int status = switch (exit.end()) {
            case EXITED -> exit.status();
            case KILLED -> SIGNAL_BASE + exit.status();
            case TIMED_OUT -> TIMED_OUT_STATUS;
        };
        return new ExecResult(
                status, out, err, exit.duration(), exit.end() == ExecExit.End.TIMED_OUT, exit.peakRssKib());
    }

    /** Each with its part of what came. */
    private List<ExecResult> results(List<ExecExit> exits, byte[] out, byte[] err) {
        List<ExecResult> results = new ArrayList<>();
        int outAt = 0;
        int errAt = 0;
        for (ExecExit exit : exits) {
            if (exit.stdoutBytes() > out.length - outAt || exit.stderrBytes() > err.length - errAt) {
                throw new MachineException(subject + ": its agent says that it wrote more than has come.");
            }
            int outEnd = outAt + (int) exit.stdoutBytes();
            int errEnd = errAt + (int) exit.stderrBytes();
            results.add(result(exit, Arrays.copyOfRange(out, outAt, outEnd), Arrays.copyOfRange(err, errAt, errEnd)));
            outAt = outEnd;
            errAt = errEnd;
        }
        return results;
    }

    private MachineException failure(@Nullable Throwable cause) {
        return cause instanceof MachineException known
                ? known
                : new MachineException(subject + ": how it ended could not be learned: " + cause, cause);
    }

    /** Keeps what a command writes, up to a bound: a runaway command must not take the JVM's memory. */
    private final class LimitedOutput extends ByteArrayOutputStream {

        private final String which;
        private final int limit;

        LimitedOutput(String which, int limit) {
            this.which = which;
            this.limit = limit;
        }

        @Override
        public synchronized void write(int value) {
            check(1);
            super.write(value);
        }

        @Override
        public synchronized void write(byte[] source, int offset, int length) {
            check(length);
            super.write(source, offset, length);
        }

        private void check(int more) {
            if (size() > limit - more) {
                throw new MachineException(subject + " wrote more than " + limit + " bytes to its " + which
                        + ", which is the limit for what is kept in memory, and was killed. Raise the limit with"
                        + " outputLimit(), or read its streams with spawn().");
            }
        }
    }
}
