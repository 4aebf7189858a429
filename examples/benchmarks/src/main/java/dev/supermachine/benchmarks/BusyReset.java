package dev.supermachine.benchmarks;

import dev.supermachine.Vm;
import dev.supermachine.VmPool;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** The same with nothing between, on two threads that share a pool. */
final class BusyReset implements Benchmark {

    private static final int THREADS = 2;

    /** Turns with the peer. */
    private static final int ROUNDS = 10;

    @Override
    public String name() {
        return "reset-busy";
    }

    @Override
    public String what() {
        return "release to the next agent reply, back to back on 2 threads";
    }

    @Override
    public List<Row> run(Stage stage) throws Exception {
        Samples ours = new Samples();
        Samples peers = new Samples();
        int rounds = stage.count(ROUNDS, 2);
        int cycles = stage.count(500, 12) / rounds / THREADS;
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try (VmPool pool = stage.postgres().pool().max(THREADS).build()) {
            Stage.interleave(
                    rounds,
                    () -> {
                        List<Future<?>> running = new ArrayList<>();
                        for (int i = 0; i < THREADS; i++) {
                            running.add(threads.submit(() -> cycle(pool, cycles, ours)));
                        }
                        for (Future<?> thread : running) {
                            thread.get();
                        }
                    },
                    () -> {
                        for (int i = 0; i < stage.count(5, 1); i++) {
                            ColdRestore.sample(stage, peers);
                        }
                    });
        } finally {
            threads.shutdown();
        }
        return List.of(new Row(name(), "ms", ours, ColdRestore.PEER, peers, Goal.timesThePeer(1.3)));
    }

    private static void cycle(VmPool pool, int cycles, Samples ours) {
        Vm held = pool.acquire();
        for (int i = 0; i < cycles; i++) {
            long start = System.nanoTime();
            held.close();
            held = pool.acquire();
            ours.addMillisSince(start);
        }
        held.close();
    }
}
