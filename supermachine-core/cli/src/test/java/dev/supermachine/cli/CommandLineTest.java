package dev.supermachine.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for every command: wrong lines, failures, help. */
class CommandLineTest {

    @TempDir
    private Path home;

    @Test
    void withoutACommandItSaysWhichThereAre() {
        CommandRun run = CommandRun.in(home);
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.err()).startsWith("A command is missing.").contains("bake", "doctor", "prune");
        assertThat(CommandRun.in(home, "--version").out()).startsWith("supermachine ");
    }

    @Test
    void aWrongOptionIsAnsweredWithTheRightOne() {
        CommandRun run = CommandRun.in(home, "bake", "redis:7", "--memry=512");
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.err()).contains("Unknown option: '--memry=512'").contains("Possible solutions: --memory");
        assertThat(CommandRun.in(home, "bak", "redis:7").err()).contains("Did you mean: supermachine bake");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bake", "run", "exec", "images", "inspect", "why", "prune", "doctor"})
    void everyCommandHasHelpAndJson(String command) {
        CommandRun run = CommandRun.in(home, command, "--help");
        assertThat(run.status()).isZero();
        assertThat(run.out())
                .startsWith("Usage: supermachine " + command)
                .contains("--json", "--stacktrace")
                .doesNotContain("\u001b");
    }

    @Test
    void coloursAreForTerminalsThatWantThem() {
        assertThat(CommandRun.in(home, true, Map.of(), "bake", "--help").out()).contains("\u001b[");
        assertThat(CommandRun.in(home, true, Map.of("NO_COLOR", "1"), "bake", "--help")
                        .out())
                .doesNotContain("\u001b");
        assertThat(CommandRun.in(home, true, Map.of("TERM", "dumb"), "bake", "--help")
                        .out())
                .doesNotContain("\u001b");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--memory 5        | A machine's memory is 128 to 1048576 MiB, but was: 5 MiB",
                "--memory much     | Invalid value for option '--memory': 'much' is not an int",
                "--vcpus 9         | The number of virtual CPUs is 1 to 8, but was: 9",
                "--env secret      | --env takes NAME=VALUE, but one has no '='.",
                "--extra-file /etc | --extra-file takes HOST:GUEST, but was: '/etc'",
                "--wait nothing    | --wait takes listener, listener:PORT, log:EXPRESSION, command:WORDS, http:[PORT]/PATH or healthcheck, but was: 'nothing'",
                "--wait listener:x | --wait takes a port as a number, but was: 'x'",
                "--wait-timeout 1s | --wait-timeout says how long to wait, but there is no --wait.",
                "--pull sometimes  | Invalid value for option '--pull'",
                "--name a/b        | A snapshot's name is 1 to 128 letters"
            })
    void aWrongValueIsAWrongLine(String option, String message) {
        String[] words = option.split(" ", -1);
        CommandRun run = CommandRun.in(home, "why", "redis:7", words[0], words[1]);
        assertThat(run.err()).startsWith(message);
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
    }

    @Test
    void aFailureIsItsMessageAndOnlyOnRequestWhereItWas() {
        CommandRun run = CommandRun.in(home, "inspect", "nowhere");
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.err().lines()).hasSize(1);
        CommandRun traced = CommandRun.in(home, "inspect", "nowhere", "--stacktrace");
        assertThat(traced.err()).startsWith(run.err()).contains("dev.supermachine.cli.Snapshots.named(");
    }

    @Test
    void aCommandThatCouldNotBeRunEndsWithAStatusOfItsOwn() {
        for (String command : new String[] {"exec", "run"}) {
            String[] line = command.equals("exec")
                    ? new String[] {"exec", "not a reference", "--", "true"}
                    : new String[] {"run", "not a reference"};
            CommandRun run = CommandRun.in(home, line);
            assertThat(run.status()).as(command).isEqualTo(125);
            assertThat(run.err()).startsWith("supermachine: ").contains("not a reference");
        }
        assertThat(CommandRun.in(home, "exec", "redis:7").status()).isEqualTo(2);
    }
}
