package dev.supermachine.bake;

import dev.supermachine.Wait;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A condition as a list of texts, for the fingerprint: each kind is followed by its time and a fixed number of values, lists by their length first, so that no
 * two conditions give the same list. {@code docs/snapshot-format.md} has the order.
 */
final class ReadinessWords {

    private final List<String> words = new ArrayList<>();

    private ReadinessWords() {}

    /** Empty for a capture before the workload. */
    static List<String> of(Optional<Wait> wait) {
        ReadinessWords words = new ReadinessWords();
        wait.ifPresent(words::add);
        return words.words;
    }

    private void add(Wait wait) {
        if (wait instanceof Wait.Listener listener) {
            head("listener", listener);
            list(listener.ports().stream().map(String::valueOf).toList());
        } else if (wait instanceof Wait.Log log) {
            head("log", log);
            words.add(log.regex());
            number(log.times());
        } else if (wait instanceof Wait.Command command) {
            head("command", command);
            number(command.exitCode());
            list(command.argv());
        } else if (wait instanceof Wait.Http http) {
            head("http", http);
            words.add(http.path());
            words.add(http.port().map(String::valueOf).orElse(""));
            number(http.status());
            list(http.body().stream().toList());
        } else if (wait instanceof Wait.Healthcheck check) {
            head("healthcheck", check);
        } else if (wait instanceof Wait.All all) {
            group("all", all, all.waits());
        } else if (wait instanceof Wait.Any any) {
            group("any", any, any.waits());
        } else {
            throw new IllegalArgumentException("A wait of an unknown kind: " + wait);
        }
    }

    private void head(String kind, Wait wait) {
        words.add(kind);
        words.add(wait.timeout().map(Duration::toString).orElse(""));
    }

    private void group(String kind, Wait wait, List<Wait> waits) {
        head(kind, wait);
        number(waits.size());
        waits.forEach(this::add);
    }

    private void list(List<String> values) {
        number(values.size());
        words.addAll(values);
    }

    private void number(int value) {
        words.add(String.valueOf(value));
    }
}
