import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * Reads the XML reports of all runs and decides: red if a test failed, was skipped without being allowed to, or if a run had fewer
 * tests than it must have. Run: {@code java CheckReports.java REPORTS ALLOWED-SKIPS EXPECTED-TESTS RUN...}, where REPORTS has a
 * folder per RUN.
 */
final class CheckReports {
    private final List<String> problems = new ArrayList<>();
    private final Map<String, String> allowedSkips;
    private final Map<String, String> expectedTests;
    private int passed;
    private int failed;
    private int skipped;

    private CheckReports(Map<String, String> allowedSkips, Map<String, String> expectedTests) {
        this.allowedSkips = allowedSkips;
        this.expectedTests = expectedTests;
    }

    public static void main(String[] args) throws IOException, ParserConfigurationException, SAXException {
        CheckReports check = new CheckReports(words(Path.of(args[1])), words(Path.of(args[2])));
        for (int i = 3; i < args.length; i++) {
            check.run(Path.of(args[0]), args[i]);
        }
        check.problems.forEach(System.out::println);
        System.out.printf("%d passed, %d failed, %d skipped%n", check.passed, check.failed, check.skipped);
        System.exit(check.problems.isEmpty() ? 0 : 1);
    }

    private void run(Path reports, String run) throws IOException, ParserConfigurationException, SAXException {
        DocumentBuilder parser = DocumentBuilderFactory.newInstance().newDocumentBuilder();
        int before = passed + failed;
        for (File report : xmlFiles(reports.resolve(run))) {
            NodeList cases = parser.parse(report).getElementsByTagName("testcase");
            for (int i = 0; i < cases.getLength(); i++) {
                count(run, (Element) cases.item(i));
            }
        }
        int ran = passed + failed - before;
        String expected = expectedTests.get(run);
        if (expected == null) {
            problems.add(run + ": .ci/expected-tests names no number of tests for this run (" + ran + " ran)");
        } else if (ran < Integer.parseInt(expected)) {
            problems.add(run + ": " + ran + " tests ran, .ci/expected-tests asks for at least " + expected);
        } else {
            System.out.printf("%s: %d tests ran (at least %s expected)%n", run, ran, expected);
        }
    }

    private void count(String run, Element test) {
        String name = test.getAttribute("classname") + "#" + test.getAttribute("name").replaceAll("[({\\[].*", "");
        if (has(test, "failure") || has(test, "error")) {
            failed++;
            problems.add(run + ": failed: " + name);
        } else if (has(test, "skipped")) {
            skipped++;
            if (!mayBeSkipped(name)) {
                Element why = (Element) test.getElementsByTagName("skipped").item(0);
                problems.add(run + ": skipped, and not in .ci/allowed-skips: " + name + " (" + why.getAttribute("message") + ")");
            }
        } else {
            passed++;
        }
    }

    private boolean mayBeSkipped(String name) {
        return allowedSkips.keySet().stream()
                .anyMatch(allowed -> allowed.endsWith("*")
                        ? name.startsWith(allowed.substring(0, allowed.length() - 1))
                        : name.equals(allowed));
    }

    private static boolean has(Element test, String child) {
        return test.getElementsByTagName(child).getLength() > 0;
    }

    /** The lines that are no comments: first word, rest. A line without a rest is an error, for then a reason is missing. */
    private static Map<String, String> words(Path file) throws IOException {
        Map<String, String> found = new TreeMap<>();
        for (String line : Files.readAllLines(file)) {
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            String[] parts = line.strip().split("\\s+", 2);
            if (parts.length < 2) {
                System.out.println(file + ": '" + line + "' has only one word; the second says why, or how many");
                System.exit(2);
            }
            found.put(parts[0], parts[1]);
        }
        return found;
    }

    private static List<File> xmlFiles(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(file -> file.getFileName().toString().matches("TEST-.*\\.xml")).sorted().map(Path::toFile).toList();
        }
    }
}
