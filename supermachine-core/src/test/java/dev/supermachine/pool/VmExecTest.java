package dev.supermachine.pool;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.Exec;
import java.time.Duration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What a command refuses before it is run. */
class VmExecTest {

    private final Exec exec = command("true");

    @Test
    void aCommandNeedsAProgram() {
        refused(VmExecTest::command, "at least the name of a program");
        refused(() -> command(""), "at least the name of a program");
        refused(exec::argv, "at least the name of a program");
    }

    @Test
    void nothingCanHaveANul() {
        refused(() -> exec.argv("a", "b\0c"), "A command's word cannot have a NUL, but was: 'b\u2400c'");
        refused(() -> exec.env("A\0", ""), "A command's variable's name cannot have a NUL");
        refused(() -> exec.cwd("/a\0"), "A command's working directory cannot have a NUL");
        refused(() -> exec.user("a\0"), "A command's user cannot have a NUL");
        refused(() -> exec.env("PASSWORD", "\0"), "The value of the environment variable 'PASSWORD' has a NUL.");
    }

    @Test
    void aVariableNeedsAName() {
        refused(() -> exec.env("", "x"), "''");
        refused(() -> exec.env("A=B", "x"), "'A=B'");
    }

    @Test
    void theWorkingDirectoryIsAbsolute() {
        refused(() -> exec.cwd("srv"), "an absolute path in the guest, but was: 'srv'");
        refused(() -> exec.cwd(""), "an absolute path in the guest, but was: ''");
    }

    @Test
    void theTimeoutIsPositive() {
        refused(() -> exec.timeout(Duration.ZERO), "PT0S");
        refused(() -> exec.timeout(Duration.ofSeconds(-1)), "PT-1S");
    }

    @Test
    void theLimitOfTheOutputIsBounded() {
        refused(() -> exec.outputLimit(-1), "0 to 1073741824 bytes, but was: -1");
        refused(() -> exec.outputLimit((1 << 30) + 1), "1073741825");
    }

    @Test
    void aTerminalHasSides() {
        refused(() -> exec.tty(0, 80), "0 rows, 80 columns");
        refused(() -> exec.tty(24, 65536), "24 rows, 65536 columns");
    }

    private static Exec command(String... argv) {
        return new VmExec(
                () -> {
                    throw new AssertionError("nothing is to be run");
                },
                "m-1",
                argv);
    }

    private static void refused(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(message);
    }
}
