package dev.supermachine.benchmarks;

import dev.supermachine.Vm;
import dev.supermachine.VmPool;
import java.time.Duration;
import java.util.List;

/** From giving a machine back to the first agent reply of the next one, where each was held for a while: what one test after the other sees. */
final class SpacedReset implements Benchmark {

    private static final Duration TEST = Duration.ofMillis(200);

    @Override
    public String name() {
        return "reset-spaced";
    }

    @Override
    public String what() {
        return "release to the next agent reply, 200 ms of test between";
    }

    @Override
    public List<Row> run(Stage stage) throws Exception {
        Samples ours = new Samples();
        Samples peers = new Samples();
        try (VmPool pool = stage.postgres().pool().build()) {
            Vm[] held = {pool.acquire()};
            Stage.interleave(
                    stage.count(100, 5),
                    () -> {
                        Stage.pause(TEST);
                        long start = System.nanoTime();
                        held[0].close();
                        held[0] = pool.acquire();
                        ours.addMillisSince(start);
                    },
                    () -> ColdRestore.sample(stage, peers));
            held[0].close();
        }
        return List.of(new Row(name(), "ms", ours, ColdRestore.PEER, peers, Goal.atMost(30)));
    }
}
