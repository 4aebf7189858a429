package dev.supermachine.benchmarks;

import dev.supermachine.ExecResult;
import dev.supermachine.Vm;
import dev.supermachine.VmPool;
import java.util.List;

/** From asking a filled pool to the end of the machine's first command. */
final class FirstExec implements Benchmark {

    @Override
    public String name() {
        return "first-exec";
    }

    @Override
    public String what() {
        return "acquire from a filled pool to the end of a first exec of true";
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
                        ExecResult result = vm.exec("true");
                        ours.addMillisSince(start);
                        vm.close();
                        if (!result.success()) {
                            throw new IllegalStateException("true failed: " + result);
                        }
                    },
                    () -> {
                        Stage.awaitIdle(pool, 1);
                        try (RawMachine raw = stage.rawMachine()) {
                            raw.awaitPrepared();
                            peers.add(raw.resumeAndExecute("true"));
                        }
                    });
        }
        return List.of(new Row(name(), "ms", ours, "QEMU, raw cont, same command", peers, Goal.timesThePeer(1.2)));
    }
}
