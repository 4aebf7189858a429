package dev.supermachine.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The program behind {@code bin/bench}. */
public final class Bench {

    private static final List<Benchmark> ALL = List.of(
            new PullRow(),
            new ColdRestore(),
            new WarmAcquire(),
            new SpacedReset(),
            new BusyReset(),
            new FirstExec(),
            new FirstQuery(),
            new MachineMemory(),
            new LiveSnapshots(),
            new JUnitOverhead(),
            new KvmCreate(),
            new KvmReset(),
            new KvmExit(),
            new KvmBlock(),
            new KvmConsole(),
            new KvmDensity());

    private Bench() {}

    /**
     * Runs benchmarks, prints a table, and joins the rows to the file of results.
     *
     * @param arguments the C program, the directory with the example images, the file of results, docker-registry, then as {@code bin/bench} was called
     * @throws Exception if one cannot be run
     */
    @SuppressWarnings("SystemOut") // a tool
    public static void main(String[] arguments) throws Exception {
        List<String> options = List.of(arguments).subList(4, arguments.length);
        if (options.contains("--help")) {
            System.out.print(usage());
            return;
        }
        List<Benchmark> chosen = chosen(options);
        Stage stage = new Stage(
                Path.of(arguments[0]), Path.of(arguments[1]), Path.of(arguments[3]), options.contains("--quick"));
        List<Row> rows = new ArrayList<>();
        for (Benchmark benchmark : chosen) {
            long start = System.nanoTime();
            List<Row> measured = benchmark.run(stage);
            // at once, so that what was measured is kept if a later one fails
            ResultsFile.join(Path.of(arguments[2]), measured);
            rows.addAll(measured);
            System.err.printf(Locale.ROOT, "%-24s %6.1f s%n", benchmark.name(), (System.nanoTime() - start) / 1e9);
        }
        System.out.print(options.contains("--markdown") ? Table.markdown(rows) : Table.plain(rows));
    }

    private static List<Benchmark> chosen(List<String> options) {
        List<Benchmark> chosen = new ArrayList<>();
        for (String option : options) {
            if (option.startsWith("--")) {
                if (!List.of("--quick", "--markdown").contains(option)) {
                    throw new IllegalArgumentException("There is no option " + option + ".\n" + usage());
                }
                continue;
            }
            chosen.add(ALL.stream()
                    .filter(benchmark -> benchmark.name().equals(option))
                    .findFirst()
                    .orElseThrow(
                            () -> new IllegalArgumentException("There is no benchmark '" + option + "'.\n" + usage())));
        }
        return chosen.isEmpty() ? ALL : chosen;
    }

    private static String usage() {
        return "bin/bench [NAME...] [--quick] [--markdown]\n"
                + ALL.stream()
                        .map(benchmark -> String.format("  %-18s %s%n", benchmark.name(), benchmark.what()))
                        .collect(Collectors.joining());
    }
}
