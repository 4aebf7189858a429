package dev.supermachine.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.http.HttpHeaders;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RetryTest {

    private static final Optional<Duration> UNASKED = Optional.empty();

    @Test
    void theTimeBetweenTwoAttemptsDoublesUpToALimit() {
        RetryPolicy policy = new RetryPolicy(5, Duration.ofMillis(100), Duration.ofMillis(500), Duration.ofHours(1));
        Retry retry = new Retry(policy);
        assertThat(retry.summary()).isEmpty();
        for (long most : new long[] {100, 200, 400, 500, 500}) {
            assertThat(retry.next(UNASKED).orElseThrow().toMillis()).isBetween(most / 2, most);
        }
        assertThat(retry.next(UNASKED)).isEmpty();
        assertThat(retry.summary()).matches(" It was asked 6 times in [0-9]+ ms\\.");
        retry.progressed();
        assertThat(retry.next(UNASKED).orElseThrow().toMillis()).isBetween(50L, 100L);
    }

    @Test
    void noTwoWaitAlike() {
        List<Duration> waits = Stream.generate(() -> new Retry(RetryPolicy.defaults()).next(UNASKED))
                .limit(50)
                .map(Optional::orElseThrow)
                .distinct()
                .toList();
        assertThat(waits).hasSizeGreaterThan(10);
    }

    @Test
    void whatTheOtherSideAsksForIsKeptUnlessItIsTooMuch() {
        Retry retry = new Retry(new RetryPolicy(5, Duration.ZERO, Duration.ZERO, Duration.ofSeconds(60)));
        assertThat(retry.next(Optional.of(Duration.ofSeconds(40)))).contains(Duration.ofSeconds(40));
        Optional<Duration> tooMuch = Optional.of(Duration.ofSeconds(21));
        assertThat(retry.next(tooMuch)).isEmpty();
        assertThat(retry.summary(tooMuch))
                .matches(
                        " It was asked 2 times in [0-9]+ ms\\. It wants not to be asked again for 21 s, and a pull waits for 60 s at"
                                + " most\\.");
        assertThat(retry.next(Optional.of(Duration.ofSeconds(20)))).contains(Duration.ofSeconds(20));
        assertThat(new Retry(RetryPolicy.NEVER).next(UNASKED)).isEmpty();
    }

    @Test
    void readsRetryAfterInBothForms() {
        Instant now = Instant.parse("2026-02-03T04:05:06Z");
        assertThat(after("120", now)).contains(Duration.ofMinutes(2));
        assertThat(after("Tue, 03 Feb 2026 04:06:06 GMT", now)).contains(Duration.ofMinutes(1));
        assertThat(after("Tue, 03 Feb 2026 04:00:00 GMT", now)).contains(Duration.ZERO);
        for (String nonsense : List.of("", "soon", "-1", "1.5", "99999999999", "Tue, 99 Feb 2026 04:06:06 GMT")) {
            assertThat(after(nonsense, now)).as(nonsense).isEmpty();
        }
        assertThat(RetryAfter.of(HttpHeaders.of(Map.of(), (name, value) -> true), now))
                .isEmpty();
    }

    private static Optional<Duration> after(String value, Instant now) {
        return RetryAfter.of(HttpHeaders.of(Map.of("retry-after", List.of(value)), (name, text) -> true), now);
    }

    @Test
    void numbersAreChecked() {
        assertThatThrownBy(() -> new RetryPolicy(-1, Duration.ZERO, Duration.ZERO, Duration.ZERO))
                .hasMessage("Retries and times must not be negative, but were: -1, PT0S, PT0S, PT0S");
    }
}
