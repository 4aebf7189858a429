package dev.supermachine.bake;

import dev.supermachine.Wait;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Lines of the workload's output that match. */
final class LogCondition extends Condition {

    private final Wait.Log wait;
    private final WorkloadOutput output;
    private final Pattern pattern;
    private long lines;
    private long matching;

    LogCondition(Wait.Log wait, WorkloadOutput output) {
        super(wait.timeout());
        this.wait = wait;
        this.output = output;
        this.pattern = Pattern.compile(wait.regex());
        output.onLine(this::line);
    }

    private void line(String text) {
        lines++;
        if (matching < wait.times() && pattern.matcher(text).find()) {
            matching++;
        }
    }

    @Override
    State check() {
        if (matching >= wait.times()) {
            return State.MET;
        }
        long unfinished = output.unfinishedLines()
                .filter(text -> !text.isEmpty() && pattern.matcher(text).find())
                .count();
        return matching + unfinished >= wait.times() ? State.MET : State.PENDING;
    }

    @Override
    void workloadEnded() {
        // whoever says so has read the output to its end
    }

    @Override
    Stream<String> report() {
        return Stream.of(line(wait.toString(), matching + " of " + lines + " lines matched"));
    }

    @Override
    public void close() {
        // the output is not ours
    }
}
