package dev.supermachine.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.json.JsonDocument;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the rows say of what was measured. */
class RowTest {

    @Test
    void percentilesAreOfTheNearestRank() {
        Samples samples = new Samples();
        for (int i = 100; i >= 1; i--) {
            samples.add(i);
        }
        assertThat(samples.p50()).isEqualTo(50);
        assertThat(samples.p99()).isEqualTo(99);
        assertThat(of(7).p50()).isEqualTo(7);
        assertThat(of(7, 9).p99()).isEqualTo(9);
        assertThatThrownBy(() -> new Samples().p50())
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("Nothing was measured");
    }

    @Test
    void ofRatesTheHighestAreTheBest() {
        Samples rates = Samples.ofRates();
        for (int i = 1; i <= 200; i++) {
            rates.add(i);
        }
        assertThat(rates.p50()).isEqualTo(101);
        assertThat(rates.p99()).isEqualTo(3);
    }

    @Test
    void aGoalIsMetOnlyIfAllOfItIs() {
        Goal goal = Goal.atMost(30).andTimesThePeer(1.3);
        assertThat(goal.text("ms")).isEqualTo("<= 30 ms, <= 1.3x");
        assertThat(goal.isMet(30, 30)).isTrue();
        assertThat(goal.isMet(31, 30)).isFalse();
        assertThat(goal.isMet(30, 20)).isFalse();
        assertThat(Goal.timesThePeer(1).isMet(500, 499)).isFalse();
        assertThat(new Row("stated", "ms", of(1), "", null, Goal.none()).met()).isNull();
    }

    @Test
    void aRowThatWasNotMeasuredSaysWhy(@TempDir Path directory) throws Exception {
        Row row = Row.notMeasured("kvm-exit", "us", Goal.atMost(20), "/dev/kvm does not exist");
        assertThat(row.met()).isNull();
        assertThat(Table.markdown(List.of(row)))
                .endsWith("| kvm-exit | 0 |  |  | us | not measured: /dev/kvm does not exist |  |  | <= 20 us |  |\n");

        Path file = directory.resolve("results.json");
        ResultsFile.join(file, List.of(row));
        assertThat(Files.readString(file))
                .contains("{\"name\":\"kvm-exit\",\"not_measured\":\"/dev/kvm does not exist\"}");
    }

    @Test
    void aRowMeasuredAgainReplacesItsOlderSelfInTheFile(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("results.json");
        ResultsFile.join(
                file,
                List.of(
                        new Row("first", "ms", of(10), "a, \"peer\"", of(20), Goal.timesThePeer(1.3)),
                        new Row("second", "MiB", of(1), "", null, Goal.none())));
        ResultsFile.join(file, List.of(new Row("first", "ms", of(40), "a, \"peer\"", of(20), Goal.timesThePeer(1.3))));

        JsonDocument whole = JsonDocument.parse("{\"rows\":" + Files.readString(file) + "}");
        List<JsonDocument> rows = whole.objects("rows");
        assertThat(rows).hasSize(2);
        assertThat(rows.get(0).names())
                .containsExactly("name", "samples", "p50", "p99", "unit", "peer", "peer_p50", "ratio", "goal", "met");
        assertThat(rows.get(0))
                .hasToString(
                        "{\"name\":\"first\",\"samples\":1,\"p50\":40.0,\"p99\":40.0,\"unit\":\"ms\",\"peer\":\"a, \\\"peer\\\"\","
                                + "\"peer_p50\":20.0,\"ratio\":2.0,\"goal\":\"<= 1.3x\",\"met\":false}");
        assertThat(rows.get(1).string("name")).isEqualTo("second");
    }

    @Test
    void tablesShowWhatIsMissed() {
        List<Row> rows = List.of(new Row("slow", "ms", of(1234.5), "raw", of(9.876), Goal.atMost(30)));
        assertThat(Table.plain(rows)).isEqualTo("""
                        name  samples  p50   p99   unit  peer  peer p50  ratio   goal      met
                        slow  1        1235  1235  ms    raw   9.88      125.00  <= 30 ms  NO
                        """);
        assertThat(Table.markdown(rows))
                .endsWith("| slow | 1 | 1235 | 1235 | ms | raw | 9.88 | 125.00 | <= 30 ms | NO |\n");
    }

    private static Samples of(double... values) {
        Samples samples = new Samples();
        for (double value : values) {
            samples.add(value);
        }
        return samples;
    }
}
