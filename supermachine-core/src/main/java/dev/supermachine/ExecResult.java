package dev.supermachine;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.apiguardian.api.API;

/**
 * How a command ended.
 *
 * @param exitStatus its exit status; 128 + the signal if one killed it, 124 if it ran out of time
 * @param stdout what it wrote to standard output
 * @param stderr what it wrote to standard error
 * @param duration how long it ran, by the guest's monotonic clock
 * @param timedOut whether it was ended because its time was over
 * @param peakRssKib the largest resident set of the command, in KiB
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
@SuppressWarnings("ArrayRecordComponent") // copied on the way in and out
public record ExecResult(
        int exitStatus, byte[] stdout, byte[] stderr, Duration duration, boolean timedOut, long peakRssKib) {

    /**
     * Takes copies of the output.
     *
     * @param exitStatus its exit status; 128 + the signal if one killed it, 124 if it ran out of time
     * @param stdout what it wrote to standard output
     * @param stderr what it wrote to standard error
     * @param duration how long it ran, by the guest's monotonic clock
     * @param timedOut whether it was ended because its time was over
     * @param peakRssKib the largest resident set of the command, in KiB
     */
    public ExecResult {
        stdout = stdout.clone();
        stderr = stderr.clone();
    }

    /**
     * What it wrote to standard output.
     *
     * @return a copy
     */
    @Override
    public byte[] stdout() {
        return stdout.clone();
    }

    /**
     * What it wrote to standard error.
     *
     * @return a copy
     */
    @Override
    public byte[] stderr() {
        return stderr.clone();
    }

    /**
     * Whether it ended with status 0 in time.
     *
     * @return true if so
     */
    public boolean success() {
        return exitStatus == 0 && !timedOut;
    }

    /**
     * Standard output in UTF-8.
     *
     * @return the text
     */
    public String stdoutText() {
        return new String(stdout, StandardCharsets.UTF_8);
    }

    /**
     * Standard error in UTF-8.
     *
     * @return the text
     */
    public String stderrText() {
        return new String(stderr, StandardCharsets.UTF_8);
    }

    /** For messages: how it ended and the beginning of what it wrote. */
    @Override
    public String toString() {
        return "exit status " + exitStatus + (timedOut ? " (time-out)" : "") + " after " + duration.toMillis()
                + " ms, stdout: " + excerpt(stdoutText()) + ", stderr: " + excerpt(stderrText());
    }

    private static String excerpt(String text) {
        return "'" + (text.length() <= 500 ? text : text.substring(0, 500) + "…") + "'";
    }
}
