package dev.supermachine.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A part of the doctor's report: findings in their order. Used by one thread. */
final class Section {

    private final String title;
    private final List<Finding> findings = new ArrayList<>();

    Section(String title) {
        this.title = title;
    }

    /** How good or bad something is. */
    enum Level {
        OK("ok   "),
        NOTE("note "),
        BAD("BAD  ");

        private final String mark;

        Level(String mark) {
            this.mark = mark;
        }
    }

    /** One thing that was found, what more there is to say of it, and what to do. */
    private record Finding(Level level, String text, List<String> more, List<String> next) {}

    Section ok(String text) {
        return add(Level.OK, text);
    }

    Section note(String text) {
        return add(Level.NOTE, text);
    }

    Section bad(String text) {
        return add(Level.BAD, text);
    }

    Section add(Level level, String text) {
        findings.add(new Finding(level, text, new ArrayList<>(), new ArrayList<>()));
        return this;
    }

    /** Another line about the latest finding. */
    Section more(String text) {
        findings.get(findings.size() - 1).more().add(text);
        return this;
    }

    /** What to do about the latest finding. */
    Section next(String text) {
        findings.get(findings.size() - 1).next().add(text);
        return this;
    }

    /** The section as lines. */
    List<String> lines() {
        List<String> lines = new ArrayList<>(List.of("", title));
        for (Finding finding : findings) {
            lines.add("  " + finding.level().mark + " " + finding.text());
            finding.more().forEach(text -> lines.add("        " + text));
            finding.next().forEach(text -> lines.add("        -> " + text));
        }
        return lines;
    }

    /** The section for JSON. */
    Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("title", title);
        json.put(
                "findings",
                findings.stream()
                        .map(finding -> {
                            Map<String, Object> one = new LinkedHashMap<>();
                            one.put("level", finding.level().mark.strip().toLowerCase(Locale.ROOT));
                            one.put("text", finding.text());
                            one.put("more", finding.more());
                            one.put("next", finding.next());
                            return one;
                        })
                        .toList());
        return json;
    }
}
