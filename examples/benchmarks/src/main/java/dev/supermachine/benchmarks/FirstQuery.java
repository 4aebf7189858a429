package dev.supermachine.benchmarks;

import dev.supermachine.Vm;
import dev.supermachine.VmPool;
import java.util.List;

/** From asking a filled pool to the answer of a first query over JDBC, the connection's closing included. */
final class FirstQuery implements Benchmark {

    @Override
    public String name() {
        return "first-query";
    }

    @Override
    public String what() {
        return "acquire from a filled pool to the answer of a first JDBC query";
    }

    @Override
    public List<Row> run(Stage stage) throws Exception {
        Samples ours = new Samples();
        Samples peers = new Samples();
        try (VmPool pool = stage.postgres().pool().build()) {
            // the driver's classes are not what is compared
            try (Vm vm = pool.acquire()) {
                Query.ask(vm.host(), vm.mappedPort(Stage.POSTGRES_PORT));
            }
            Stage.interleave(
                    stage.count(60, 3),
                    () -> {
                        Stage.awaitIdle(pool, 1);
                        long start = System.nanoTime();
                        Vm vm = pool.acquire();
                        Query.ask(vm.host(), vm.mappedPort(Stage.POSTGRES_PORT));
                        ours.addMillisSince(start);
                        vm.close();
                    },
                    () -> {
                        Stage.awaitIdle(pool, 1);
                        try (RawMachine raw = stage.rawMachine()) {
                            raw.awaitPrepared();
                            int port = raw.listen(Stage.POSTGRES_PORT);
                            long start = System.nanoTime();
                            raw.resumeAndServe();
                            Query.ask("127.0.0.1", port);
                            peers.addMillisSince(start);
                        }
                    });
        }
        return List.of(new Row(name(), "ms", ours, "QEMU, raw cont, same query", peers, Goal.timesThePeer(1.2)));
    }
}
