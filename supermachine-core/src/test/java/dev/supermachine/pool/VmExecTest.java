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

    @Test
    void aChainHasNoTerminal() {
        String message =
                "Only a single command can have a terminal: give a chain none, or run its commands one by one.";
        Exec chain = command("true").chain("false");
        assertThatThrownBy(() -> chain.tty(24, 80))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(message);
        Exec withTerminal = command("true").tty(24, 80);
        assertThatThrownBy(() -> withTerminal.chain("false"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(message);
    }

    @Test
    void aChainHasALimit() {
        for (int i = 1; i < Exec.MOST_COMMANDS; i++) {
            exec.chain("true");
        }
        assertThatThrownBy(() -> exec.chain("true"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("A chain has at most 256 commands.");
        refused(() -> command("true").chain(), "at least the name of a program");
    }

    @Test
    void aStagedFileHasAnAbsolutePathAndAMode() {
        byte[] content = {};
        refused(
                () -> exec.stageFile("a", content),
                "A file in the guest has an absolute path that does not end with '/', but was: 'a'");
        refused(() -> exec.stageFile("/a/", content), "but was: '/a/'");
        refused(() -> exec.stageFile("/a\0", content), "The path of a file in the guest cannot have a NUL");
        refused(
                () -> exec.stageFile("/a", content, 010000),
                "The mode of a file is 0 to 07777, but for '/a' was: 4096");
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
