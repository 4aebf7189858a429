package dev.supermachine.cli;

import dev.supermachine.OciImageBuilder;
import dev.supermachine.Wait;
import dev.supermachine.settings.Settings;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** What the capture waits for, as text. */
final class WaitOptions {

    private static final String FORMS =
            "listener, listener:PORT, log:EXPRESSION, command:WORDS, http:[PORT]/PATH or healthcheck";

    @Option(
            names = "--wait",
            paramLabel = "CONDITION",
            description = "What the capture waits for: " + FORMS
                    + ". Several are awaited together. Without any, it is taken before the workload runs.")
    private List<String> conditions = List.of();

    @Option(
            names = "--wait-timeout",
            paramLabel = "DURATION",
            description =
                    "How long each condition may take, such as 90s; what is left of supermachine.bake.timeout unless given.")
    private Optional<String> timeout = Optional.empty();

    void applyTo(OciImageBuilder builder) {
        List<Wait> waits = conditions.stream().map(this::limited).toList();
        if (waits.isEmpty()) {
            if (timeout.isPresent()) {
                throw new IllegalArgumentException("--wait-timeout says how long to wait, but there is no --wait.");
            }
            return;
        }
        builder.withWait(waits.size() == 1 ? waits.get(0) : Wait.all(waits.toArray(Wait[]::new)));
    }

    private Wait limited(String condition) {
        Wait wait = parse(condition);
        return timeout.map(text -> wait.withTimeout(Settings.duration("option --wait-timeout", text)))
                .orElse(wait);
    }

    private static Wait parse(String condition) {
        int colon = condition.indexOf(':');
        String kind = colon < 0 ? condition : condition.substring(0, colon);
        String value = condition.substring(colon < 0 ? condition.length() : colon + 1);
        boolean bare = colon < 0;
        Optional<Wait> wait = switch (kind) {
            case "listener" -> Optional.of(bare ? Wait.forListener() : Wait.forListener(port(value)));
            case "healthcheck" -> Optional.<Wait>of(Wait.forHealthcheck()).filter(check -> bare);
            case "log" -> Optional.of(value).filter(text -> !text.isEmpty()).map(Wait::forLog);
            case "command" ->
                Optional.of(value.strip())
                        .filter(text -> !text.isEmpty())
                        .map(text -> Wait.forCommand(text.split("\\s+", -1)));
            case "http" -> Optional.of(value).filter(text -> !text.isEmpty()).map(WaitOptions::http);
            default -> Optional.empty();
        };
        return wait.orElseThrow(
                () -> new IllegalArgumentException("--wait takes " + FORMS + ", but was: '" + condition + "'"));
    }

    private static Wait http(String value) {
        int slash = value.indexOf('/');
        return slash <= 0
                ? Wait.forHttp(value)
                : Wait.forHttp(value.substring(slash)).onPort(port(value.substring(0, slash)));
    }

    private static int port(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("--wait takes a port as a number, but was: '" + text + "'", e);
        }
    }
}
