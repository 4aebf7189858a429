package dev.supermachine.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.stream.IntStream;

/** Rows of text in columns, each as wide as its widest cell. */
final class Table {

    private static final String GAP = "  ";

    private Table() {}

    /** Prints rows of the same number of cells; the first is the heading. */
    static void print(List<List<String>> rows, PrintWriter out) {
        int[] widths = IntStream.range(0, rows.get(0).size())
                .map(column -> rows.stream()
                        .mapToInt(row -> row.get(column).length())
                        .max()
                        .orElse(0))
                .toArray();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < widths.length; column++) {
                String cell = row.get(column);
                line.append(cell)
                        .append(" ".repeat(widths[column] - cell.length()))
                        .append(GAP);
            }
            out.println(line.toString().stripTrailing());
        }
    }
}
