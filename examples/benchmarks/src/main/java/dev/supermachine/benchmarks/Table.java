package dev.supermachine.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Rows as text. */
final class Table {

    private static final String[] HEADINGS = {
        "name", "samples", "p50", "p99", "unit", "peer", "peer p50", "ratio", "goal", "met"
    };

    private Table() {}

    /** Aligned columns. */
    static String plain(List<Row> rows) {
        List<String[]> lines = new ArrayList<>();
        lines.add(HEADINGS);
        rows.forEach(row -> lines.add(row.cells()));
        int[] widths = new int[HEADINGS.length];
        for (String[] line : lines) {
            for (int i = 0; i < line.length; i++) {
                widths[i] = Math.max(widths[i], line[i].length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (String[] line : lines) {
            StringBuilder padded = new StringBuilder();
            for (int i = 0; i < line.length; i++) {
                padded.append(line[i]).append(" ".repeat(widths[i] - line[i].length() + 2));
            }
            text.append(padded.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    static String markdown(List<Row> rows) {
        String separator = "|" + "---|".repeat(HEADINGS.length) + "\n";
        return line(HEADINGS)
                + separator
                + rows.stream().map(row -> line(row.cells())).collect(Collectors.joining());
    }

    private static String line(String[] cells) {
        return "| " + String.join(" | ", cells) + " |\n";
    }
}
