package dev.supermachine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Conditions as values: what they hold, what they refuse, how they read. */
class WaitTest {

    @Test
    void aListenerHasItsPortsInOrder() {
        assertThat(Wait.forListener(443, 80, 443)).isEqualTo(Wait.forListener(80, 443));
        assertThat(Wait.forListener()).hasToString("a listener on the guest port");
        assertThat(Wait.forListener(80)).hasToString("a listener on port 80");
        assertThat(Wait.forListener(443, 80)).hasToString("listeners on the ports [80, 443]");
        refused(() -> Wait.forListener(80, 0), "A port to wait for is 1 to 65535, but was: 0");
        refused(() -> Wait.forListener(65536), "A port to wait for is 1 to 65535, but was: 65536");
    }

    @Test
    void aLogHasAnExpressionAndANumber() {
        assertThat(Wait.forLog("ready")).hasToString("a line of output with 'ready'");
        assertThat(Wait.forLog("ready", 2)).hasToString("2 lines of output with 'ready'");
        refused(
                () -> Wait.forLog("ready ("),
                "The expression of a wait cannot be compiled: 'ready (': Unclosed group near index 7");
        refused(() -> Wait.forLog("ready", 0), "The number of lines to wait for is 1 or more, but was: 0");
    }

    @Test
    void aCommandHasAnExitStatus() {
        assertThat(Wait.forCommand("pg_isready", "-q").withExitCode(2))
                .hasToString("the command [pg_isready, -q] with exit status 2");
        refused(Wait::forCommand, "A command to wait for needs at least the name of a program, but was: []");
        refused(
                () -> Wait.forCommand("", "x"),
                "A command to wait for needs at least the name of a program, but was: [, x]");
        refused(
                () -> Wait.forCommand("a", "b\0c"),
                "No word of a command to wait for can have a NUL, but one was: 'b\u2400c'");
        refused(() -> Wait.forCommand("a").withExitCode(256), "An exit status to wait for is 0 to 255, but was: 256");
        refused(() -> Wait.forCommand("a").withExitCode(-1), "An exit status to wait for is 0 to 255, but was: -1");
    }

    @Test
    void anAnswerHasPathPortStatusAndBody() {
        assertThat(Wait.forHttp("/")).hasToString("the status 200 for GET / on the guest port");
        assertThat(Wait.forHttp("/health?full=1")
                        .onPort(8080)
                        .withStatus(204)
                        .withBody("UP")
                        .withTimeout(Duration.ofSeconds(2)))
                .isEqualTo(new Wait.Http(
                        "/health?full=1",
                        Optional.of(8080),
                        204,
                        Optional.of("UP"),
                        Optional.of(Duration.ofSeconds(2))))
                .hasToString("the status 204 for GET /health?full=1 on port 8080 and a body with 'UP' within 2000 ms");
        for (String path : new String[] {"", "health", "/a b", "/a\r\nX: y", "/\u00fc", "/\0"}) {
            refused(() -> Wait.forHttp(path), "(percent-encode them), but was: '" + path + "'");
        }
        refused(() -> Wait.forHttp("/").onPort(0), "A port to wait for is 1 to 65535, but was: 0");
        refused(() -> Wait.forHttp("/").withStatus(100), "A status of HTTP to wait for is 200 to 599, but was: 100");
        refused(() -> Wait.forHttp("/").withStatus(600), "A status of HTTP to wait for is 200 to 599, but was: 600");
        refused(() -> Wait.forHttp("/").withBody("["), "The expression of a wait cannot be compiled: '['");
    }

    @Test
    void severalAreAwaitedTogetherOrInsteadOfEachOther() {
        Wait all = Wait.all(Wait.forListener(80), Wait.any(Wait.forLog("a"), Wait.forHealthcheck()));
        assertThat(all)
                .hasToString(
                        "all of (a listener on port 80; any of (a line of output with 'a'; the image's health check))")
                .isEqualTo(Wait.all(Wait.forListener(80), Wait.any(Wait.forLog("a"), Wait.forHealthcheck())))
                .isNotEqualTo(Wait.all(Wait.forListener(80), Wait.all(Wait.forLog("a"), Wait.forHealthcheck())));
        refused(Wait::all, "A wait for all of several needs at least one, but has none");
        refused(Wait::any, "A wait for any of several needs at least one, but has none");
    }

    @Test
    void everyKindMayHaveATime() {
        Duration time = Duration.ofMillis(1500);
        for (Wait wait : new Wait[] {
            Wait.forListener(),
            Wait.forLog("a"),
            Wait.forCommand("a"),
            Wait.forHttp("/"),
            Wait.forHealthcheck(),
            Wait.all(Wait.forListener()),
            Wait.any(Wait.forListener())
        }) {
            assertThat(wait.timeout()).isEmpty();
            Wait limited = wait.withTimeout(time);
            assertThat(limited.timeout()).contains(time);
            assertThat(limited).isNotEqualTo(wait).hasSameClassAs(wait).hasToString(wait + " within 1500 ms");
            refused(() -> wait.withTimeout(Duration.ZERO), "The time of a wait is positive, but was: PT0S");
            refused(
                    () -> wait.withTimeout(Duration.ofMillis(-1)),
                    "The time of a wait is positive, but was: PT-0.001S");
        }
    }

    private static void refused(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(message);
    }
}
