package dev.supermachine.bake;

import dev.supermachine.Vm;
import dev.supermachine.engine.Deadline;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiFunction;

/**
 * A warm-up on a thread of its own, because nobody can stop one that does not want to end, but a bake has an end. If its time is over it is interrupted; what it
 * has of the machine fails from then on.
 *
 * @param plan what to run
 * @param name of the snapshot, for the thread
 * @param deadline when it has to have ended
 * @param failure makes an exception of what failed and the cause
 */
record WarmupRun(
        WarmupPlan plan, String name, Deadline deadline, BiFunction<String, Throwable, RuntimeException> failure) {

    /** Runs it with the machine and waits for its end. */
    void with(Vm vm) {
        FutureTask<Void> task = new FutureTask<>(() -> {
            plan.warmup().run(vm);
            return null;
        });
        Thread thread = new Thread(task, "supermachine-warmup-" + name);
        thread.setDaemon(true);
        thread.start();
        try {
            task.get(Math.max(0, deadline.left()), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw failure.apply("Its warm-up failed: " + cause, cause);
        } catch (TimeoutException e) {
            // shows where it was
            e.setStackTrace(thread.getStackTrace());
            task.cancel(true);
            throw failure.apply(
                    "Its warm-up had not ended when the bake's time of " + deadline
                            + " was over. Let it do less, or allow more time with supermachine.bake.timeout; the cause shows where it was.",
                    e);
        } catch (InterruptedException e) {
            task.cancel(true);
            Thread.currentThread().interrupt();
            throw failure.apply("It was interrupted during its warm-up.", e);
        }
    }
}
