package dev.supermachine.benchmarks;

import dev.supermachine.Vm;
import dev.supermachine.VmPool;
import java.util.List;

/** From asking a pool that has a machine ready to the agent's first reply. */
final class WarmAcquire implements Benchmark {

    @Override
    public String name() {
        return "acquire-warm";
    }

    @Override
    public String what() {
        return "acquire from a filled pool to the first agent reply";
    }

    @Override
    public List<Row> run(Stage stage) throws Exception {
        Samples ours = new Samples();
        Samples peers = new Samples();
        try (VmPool pool = stage.postgres().pool().build()) {
            Stage.interleave(
                    stage.count(100, 5),
                    () -> {
                        Stage.awaitIdle(pool, 1);
                        long start = System.nanoTime();
                        Vm vm = pool.acquire();
                        ours.addMillisSince(start);
                        vm.close();
                    },
                    () -> {
                        Stage.awaitIdle(pool, 1);
                        try (RawMachine raw = stage.rawMachine()) {
                            raw.awaitPrepared();
                            peers.add(raw.resume());
                        }
                    });
        }
        return List.of(new Row(
                name(), "ms", ours, "QEMU, raw cont", peers, Goal.atMost(30).andTimesThePeer(1.3)));
    }
}
