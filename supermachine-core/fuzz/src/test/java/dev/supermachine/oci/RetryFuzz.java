package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.fuzz.Oracle;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Each line as the headers {@code Retry-After} and {@code Content-Range}: a time to wait that is not negative and never longer than a pull waits, and a range
 * only if it is the one that was asked for, read another way.
 */
public final class RetryFuzz {

    private static final Instant NOW = Instant.parse("2026-02-03T04:05:06Z");
    private static final Pattern RANGE = Pattern.compile("bytes 40-99/(100|\\*)");

    private RetryFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        new String(input, StandardCharsets.ISO_8859_1).lines().forEach(line -> {
            retryAfter(line);
            contentRange(line);
        });
    }

    private static void retryAfter(String line) {
        Optional<Duration> wanted = RetryAfter.parse(line.strip(), NOW);
        wanted.ifPresent(time -> {
            Oracle.require(!time.isNegative(), "not to be asked for " + time);
            String seconds = String.valueOf(time.toSeconds());
            if (seconds.length() <= 9) {
                Oracle.requireEqual(
                        Optional.of(Duration.ofSeconds(time.toSeconds())),
                        RetryAfter.parse(seconds, NOW),
                        "written in seconds");
            }
        });
        RetryPolicy policy = RetryPolicy.defaults();
        Retry retry = new Retry(policy);
        Duration waited = Duration.ZERO;
        for (Optional<Duration> next = retry.next(wanted); next.isPresent(); next = retry.next(wanted)) {
            waited = waited.plus(next.get());
            Oracle.require(wanted.isEmpty() || next.get().compareTo(wanted.get()) >= 0, "asked too early");
        }
        Oracle.require(waited.compareTo(policy.total()) <= 0, "waits for " + waited);
        Oracle.requireGoodMessage(new ImageException("Failed." + retry.summary(wanted)));
    }

    private static void contentRange(String line) {
        Matcher range = RANGE.matcher(line.strip());
        try {
            RegistryEndpoint.checkRange("GET https://registry.example/", line, 40, 100);
            Oracle.require(range.matches(), "taken for the range: " + line);
        } catch (RegistryEndpoint.WrongRange e) {
            Oracle.require(!range.matches(), "not taken for the range: " + line);
            Oracle.requireGoodMessage(e);
        }
    }
}
