package dev.supermachine.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.Wait;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;

/** What annotations are turned into, and which make no sense. */
class WaitsTest {

    @Test
    void withoutAnnotationsThePortDecides() {
        assertThat(Waits.of(List.of(), true)).contains(Wait.forListener());
        assertThat(Waits.of(List.of(), false)).isEmpty();
    }

    @Test
    void everyKindHasItsElements() {
        assertThat(of(ListenerTestCase.class)).contains(Wait.forListener(80, 81));
        assertThat(of(LogTestCase.class)).contains(Wait.forLog("ready", 2).withTimeout(Duration.ofSeconds(20)));
        assertThat(of(CommandTestCase.class))
                .contains(Wait.forCommand("check", "it").withExitCode(3));
        assertThat(of(HttpTestCase.class))
                .contains(Wait.forHttp("/health").onPort(8080).withStatus(204).withBody("UP"));
        assertThat(of(PlainHttpTestCase.class)).contains(Wait.forHttp("/"));
        assertThat(of(HealthcheckTestCase.class)).contains(Wait.forHealthcheck());
    }

    @Test
    void severalAreAwaitedTogether() {
        assertThat(of(SeveralTestCase.class))
                .contains(
                        Wait.all(Wait.forLog("ready"), Wait.forCommand("check").withTimeout(Duration.ofMillis(500))));
    }

    @Test
    void whatMakesNoSenseIsRefused() {
        String oneKind =
                "@MicroVm(waitFor): each @WaitFor has exactly one of listener, log, command, http and healthcheck, but one has ";
        refused(NothingTestCase.class, oneKind + "none");
        refused(
                TwoKindsTestCase.class,
                oneKind + "[a line of output with 'a', the status 200 for GET / on the guest port]");
        refused(TimesTestCase.class, "the element times of @WaitFor is for log, which is not set beside it");
        refused(ExitCodeTestCase.class, "the element exitCode of @WaitFor is for command, which is not set beside it");
        refused(PortTestCase.class, "the element port of @WaitFor is for http, which is not set beside it");
        refused(StatusTestCase.class, "the element status of @WaitFor is for http, which is not set beside it");
        refused(BodyTestCase.class, "the element body of @WaitFor is for http, which is not set beside it");
        refused(
                TimeoutTestCase.class,
                "@MicroVm(waitFor): The element timeout of @WaitFor should be a positive duration such as 500 ms, 90 s, 3 min, 2 h or 30 d, but was: 'soon'");
        refused(
                ExpressionTestCase.class,
                "@MicroVm(waitFor): The expression of a wait cannot be compiled: '(': Unclosed group near index 1");
    }

    private static Optional<Wait> of(Class<?> annotated) {
        return Waits.of(List.of(annotated.getAnnotation(MicroVm.class).waitFor()), true);
    }

    private static void refused(Class<?> annotated, String message) {
        assertThatThrownBy(() -> of(annotated))
                .isInstanceOf(ExtensionConfigurationException.class)
                .hasMessageContaining(message);
    }

    @MicroVm(image = "a:1", waitFor = @WaitFor(listener = {81, 80}))
    static class ListenerTestCase {}

    @MicroVm(image = "a:1", waitFor = @WaitFor(log = "ready", times = 2, timeout = "20 s"))
    static class LogTestCase {}

    @MicroVm(
            image = "a:1",
            waitFor =
                    @WaitFor(
                            command = {"check", "it"},
                            exitCode = 3))
    static class CommandTestCase {}

    @MicroVm(image = "a:1", waitFor = @WaitFor(http = "/health", port = 8080, status = 204, body = "UP"))
    static class HttpTestCase {}

    @MicroVm(image = "a:1", waitFor = @WaitFor(http = "/"))
    static class PlainHttpTestCase {}

    @MicroVm(image = "a:1", waitFor = @WaitFor(healthcheck = true))
    static class HealthcheckTestCase {}

    @MicroVm(
            image = "a:1",
            waitFor = {@WaitFor(log = "ready"), @WaitFor(command = "check", timeout = "500ms")})
    static class SeveralTestCase {}

    @MicroVm(image = "a:1", waitFor = @WaitFor)
    static class NothingTestCase {}

    @MicroVm(image = "a:1", waitFor = @WaitFor(log = "a", http = "/"))
    static class TwoKindsTestCase {}

    @MicroVm(image = "a:1", waitFor = @WaitFor(http = "/", times = 2))
    static class TimesTestCase {}

    @MicroVm(image = "a:1", waitFor = @WaitFor(log = "a", exitCode = 1))
    static class ExitCodeTestCase {}

    @MicroVm(image = "a:1", waitFor = @WaitFor(log = "a", port = 80))
    static class PortTestCase {}

    @MicroVm(image = "a:1", waitFor = @WaitFor(log = "a", status = 204))
    static class StatusTestCase {}

    @MicroVm(image = "a:1", waitFor = @WaitFor(log = "a", body = "b"))
    static class BodyTestCase {}

    @MicroVm(image = "a:1", waitFor = @WaitFor(log = "a", timeout = "soon"))
    static class TimeoutTestCase {}

    @MicroVm(image = "a:1", waitFor = @WaitFor(log = "("))
    static class ExpressionTestCase {}
}
