package dev.supermachine.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** Holds docs/cli.md to the commands: their sections, options and statuses. */
class CliDocsTest {

    private static final Path PAGE = Path.of("../../docs/cli.md");
    private static final Pattern OPTION = Pattern.compile("^\\| `(--?[a-z][a-z-]*)");
    private static final String COMMON = "Options of all commands";
    private static final String OF_A_BAKE = "Options of a bake";

    private static Map<String, CommandLine> commands() {
        return Supermachine.commandLine(Terminal.ofThisProcess()).getSubcommands();
    }

    /** The options that begin a row of a table in the section under a heading. */
    private static Set<String> documented(String heading) throws IOException {
        Set<String> options = new TreeSet<>();
        String section = "";
        for (String line : Files.readAllLines(PAGE)) {
            if (line.startsWith("## ")) {
                section = line.substring(3);
            }
            Matcher option = OPTION.matcher(line);
            if (section.equals(heading) && option.find()) {
                options.add(option.group(1));
            }
        }
        return options;
    }

    @Test
    void everyOptionOfEveryCommandIsInItsSectionAndNoOther() throws IOException {
        for (Map.Entry<String, CommandLine> command : commands().entrySet()) {
            Set<String> there = command.getValue().getCommandSpec().options().stream()
                    .map(OptionSpec::longestName)
                    .collect(Collectors.toCollection(TreeSet::new));
            Set<String> told = new TreeSet<>(documented("`" + command.getKey() + "`"));
            told.addAll(documented(COMMON));
            if (command.getValue().getCommand() instanceof ImageCommand) {
                told.addAll(documented(OF_A_BAKE));
            }
            assertThat(told).as("options of %s in %s", command.getKey(), PAGE).isEqualTo(there);
        }
    }

    @Test
    void everySectionIsACommandAndItsSynopsisNamesItsParameters() throws IOException {
        String page = Files.readString(PAGE);
        commands().forEach((name, command) -> {
            assertThat(page).contains("\n## `" + name + "`\n");
            command.getCommandSpec()
                    .positionalParameters()
                    .forEach(parameter -> assertThat(page)
                            .as("the parameters of %s", name)
                            .containsPattern(
                                    "supermachine " + name + " [^\\n]*" + Pattern.quote(parameter.paramLabel())));
        });
    }

    @Test
    void everyStatusIsInTheTable() throws IOException {
        assertThat(Files.readString(PAGE))
                .contains(
                        "| " + ExitStatus.OK + " |",
                        "| " + ExitStatus.FAILED + " |",
                        "| " + ExitStatus.USAGE + " |",
                        "| " + ExitStatus.MISS + " |",
                        "| " + ExitStatus.NOT_RUN + " |");
    }
}
