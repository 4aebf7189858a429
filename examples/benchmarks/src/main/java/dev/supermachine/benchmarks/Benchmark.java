package dev.supermachine.benchmarks;

import java.util.List;

/** Something that is measured. */
interface Benchmark {

    /** The rows' names, or what they begin with; how {@code bin/bench} is asked for it. */
    String name();

    /** One sentence for {@code bin/bench --help}. */
    String what();

    /**
     * Measures.
     *
     * @throws Exception whatever went wrong; the run is over then
     */
    List<Row> run(Stage stage) throws Exception;
}
