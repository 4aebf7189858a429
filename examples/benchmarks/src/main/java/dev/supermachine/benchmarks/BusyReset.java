package dev.supermachine.benchmarks;

import dev.supermachine.Vm;
import dev.supermachine.VmPool;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** The same with nothing between, on two threads that share a pool as it is by default, which JUnit's is. */
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
        Samples pairs = new Samples();
        int rounds = stage.count(ROUNDS, 2);
        int cycles = stage.count(500, 12) / rounds / THREADS;
        int raw = stage.count(5, 1);
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try (VmPool pool = stage.postgres().pool().build()) {
            Stage.interleave(rounds, () -> together(threads, () -> cycle(pool, cycles, ours)), () -> {
                for (int i = 0; i < raw; i++) {
                    ColdRestore.sample(stage, peers);
                    together(threads, () -> ColdRestore.sample(stage, pairs));
                }
            });
        } finally {
            threads.shutdown();
        }
        return List.of(
                new Row(name(), "ms", ours, ColdRestore.PEER, peers, Goal.timesThePeer(1.3)),
                new Row(
                        name() + "-beside-pairs",
                        "ms",
                        ours,
                        "QEMU, two raw cold restores at once",
                        pairs,
                        Goal.none()));
    }

    private static void together(ExecutorService threads, Stage.Step step) throws Exception {
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            running.add(threads.submit(() -> {
                step.run();
                return null;
            }));
        }
        for (Future<?> thread : running) {
            thread.get();
        }
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
