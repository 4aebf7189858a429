package dev.supermachine.oci;

import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** The attempts at one thing, counted. For one thread. */
final class Retry {

    private final RetryPolicy policy;
    private final long start = System.nanoTime();
    private int attempts = 1;
    private int inVain;
    private Duration waited = Duration.ZERO;

    Retry(RetryPolicy policy) {
        this.policy = policy;
    }

    /** Something was gained since the last attempt: what counts is counted from now on. */
    void progressed() {
        inVain = 0;
        waited = Duration.ZERO;
    }

    /**
     * How long to wait before the next attempt, which is thereby begun; empty if there is none.
     *
     * @param wanted what the other side asks for
     */
    Optional<Duration> next(Optional<Duration> wanted) {
        if (inVain >= policy.retries()) {
            return Optional.empty();
        }
        long most = Math.min(policy.longest().toMillis(), policy.first().toMillis() << Math.min(inVain, 20));
        Duration own = Duration.ofMillis(most - ThreadLocalRandom.current().nextLong(most / 2 + 1));
        Duration wait = wanted.filter(asked -> asked.compareTo(own) > 0).orElse(own);
        if (waited.plus(wait).compareTo(policy.total()) > 0) {
            return Optional.empty();
        }
        inVain++;
        attempts++;
        waited = waited.plus(wait);
        return Optional.of(wait);
    }

    /** How often and how long it was tried, as a sentence with a blank in front; empty if it was tried once. */
    String summary() {
        return attempts == 1
                ? ""
                : " It was asked " + attempts + " times in " + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start)
                        + " ms.";
    }

    /** The same, with the reason if it was given up because the other side asks for a longer wait than is allowed. */
    String summary(Optional<Duration> wanted) {
        return wanted.isPresent() && inVain < policy.retries()
                ? summary() + " It wants not to be asked again for "
                        + wanted.get().toSeconds() + " s, and a pull waits for "
                        + policy.total().toSeconds() + " s at most."
                : summary();
    }

    /** Waits; an interrupt ends the wait. */
    static void pause(Duration wait) throws InterruptedIOException {
        try {
            boolean never = new CountDownLatch(1).await(wait.toMillis(), TimeUnit.MILLISECONDS);
            assert !never;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
    }
}
