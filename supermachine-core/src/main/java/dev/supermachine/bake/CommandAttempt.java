package dev.supermachine.bake;

import dev.supermachine.engine.Deadline;
import dev.supermachine.engine.OutputTail;
import dev.supermachine.guest.ExecExit;
import dev.supermachine.guest.ExecRequest;
import dev.supermachine.guest.GuestClient;
import dev.supermachine.guest.GuestProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** One run of a command. */
final class CommandAttempt implements Attempt {

    private static final int TAIL_BYTES = 1000;

    private final GuestProcess process;
    private final CompletableFuture<ExecExit> exit;
    private final Deadline deadline;
    private final int awaited;
    private final OutputTail tail = new OutputTail(TAIL_BYTES);

    /**
     * Runs a command.
     *
     * @param awaited the exit status that counts as success
     * @throws dev.supermachine.MachineException if it cannot be executed
     */
    CommandAttempt(GuestClient guest, List<String> argv, int awaited, Duration timeout) {
        this.process = guest.exec(ExecRequest.of(argv.toArray(String[]::new)).withTimeout(timeout));
        this.exit = process.exit();
        this.deadline = Deadline.in(timeout);
        this.awaited = awaited;
    }

    @Override
    public Optional<Outcome> poll() {
        // asked before the output is read: when it has ended, all that it wrote is here
        boolean ended = exit.isDone();
        try {
            int count;
            do {
                count = process.poll(Duration.ZERO, tail, tail);
            } while (count > 0);
        } catch (IOException e) {
            throw new UncheckedIOException("A buffer in memory failed", e);
        }
        if (!ended) {
            return Optional.empty();
        }
        ExecExit how = process.waitFor(Duration.ZERO);
        return Optional.of(new Outcome(
                how.end() == ExecExit.End.EXITED && how.status() == awaited,
                describe(how) + " and printed" + printed()));
    }

    private String printed() {
        String text = tail.text().strip();
        return text.isEmpty() ? " nothing" : ": " + (tail.isCut() ? "…" : "") + text;
    }

    private String describe(ExecExit how) {
        return switch (how.end()) {
            case EXITED -> "exited with status " + how.status();
            case KILLED -> "was killed by signal " + how.status();
            case TIMED_OUT -> "was killed because it took longer than " + deadline;
        };
    }

    @Override
    public void close() {
        process.close();
    }
}
