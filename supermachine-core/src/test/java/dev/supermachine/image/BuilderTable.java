package dev.supermachine.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The table of all setters in {@code docs/builder.md}. */
final class BuilderTable {

    static final Path PROJECT = Path.of("..");
    static final Path DOCUMENT = PROJECT.resolve("docs/builder.md");

    private static final String HEADER = "| original | Java | meaning | unless set | fingerprint | proved by |";
    private static final String LATER = "not there yet";
    private static final Pattern TEST = Pattern.compile("`(\\w+)\\.(\\w+)`");

    private BuilderTable() {}

    /**
     * One line.
     *
     * @param original the original's name, or a dash
     * @param method the method here
     * @param fingerprint whether it is part of the fingerprint: yes, no, content; a dash for what is not there yet
     * @param tests what proves it; empty for what is not there yet
     */
    record Row(String original, String method, String fingerprint, List<Test> tests) {

        boolean isThere() {
            return !tests.isEmpty();
        }
    }

    record Test(String type, String method) {}

    static List<Row> rows() throws IOException {
        List<String> lines = Files.readAllLines(DOCUMENT);
        int at = lines.indexOf(HEADER);
        if (at < 0) {
            throw new AssertionError(DOCUMENT + " has no line " + HEADER);
        }
        List<Row> rows = new ArrayList<>();
        for (String line : lines.subList(at + 2, lines.size())) {
            if (!line.startsWith("|")) {
                break;
            }
            rows.add(row(line));
        }
        return rows;
    }

    private static Row row(String line) {
        List<String> cells =
                Arrays.stream(line.split("\\|", -1)).map(String::strip).toList();
        if (cells.size() != 8) {
            throw new AssertionError("This line of " + DOCUMENT + " has not six cells: " + line);
        }
        List<Test> tests = new ArrayList<>();
        Matcher test = TEST.matcher(cells.get(6));
        while (test.find()) {
            tests.add(new Test(test.group(1), test.group(2)));
        }
        if (tests.isEmpty() != cells.get(6).equals(LATER)) {
            throw new AssertionError("This line of " + DOCUMENT + " names no test: " + line);
        }
        return new Row(cells.get(1).replace("`", ""), cells.get(2).replace("`", ""), cells.get(5), tests);
    }
}
