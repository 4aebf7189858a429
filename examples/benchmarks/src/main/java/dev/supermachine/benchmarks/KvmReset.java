package dev.supermachine.benchmarks;

import dev.supermachine.vmm.TinyGuest;
import dev.supermachine.vmm.TinyMachine;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The reset of a paused machine in place, by how many pages its guest wrote, to the guest's next exit; and how long it takes to pause a halted one. */
final class KvmReset extends KvmBenchmark {

    private static final Goal RATIO = Goal.timesThePeer(1.2);
    private static final Map<Integer, Goal> GOALS = Map.of(
            100,
            Goal.atMost(250).andTimesThePeer(1.2),
            10_000,
            Goal.atMost(4000).andTimesThePeer(1.2));
    private static final List<Integer> PAGES = List.of(1, 100, 1000, 10_000);
    private static final Outline PAUSE = new Outline("kvm-pause", "us", Goal.none());

    @Override
    public String name() {
        return "kvm-reset";
    }

    @Override
    public String what() {
        return "the reset in place at 1, 100, 1000 and 10000 written pages, to the next exit; and the pause before it";
    }

    @Override
    List<Outline> outlines() {
        List<Outline> outlines = new ArrayList<>();
        PAGES.forEach(pages -> outlines.add(outline(pages)));
        outlines.add(PAUSE);
        return outlines;
    }

    private static Outline outline(int pages) {
        return new Outline("kvm-reset-" + pages, "us", GOALS.getOrDefault(pages, RATIO));
    }

    @Override
    List<Row> measure(Stage stage) throws Exception {
        List<Row> rows = new ArrayList<>();
        for (int pages : PAGES) {
            rows.add(reset(stage, pages));
        }
        rows.add(pause(stage));
        return rows;
    }

    private static Row reset(Stage stage, int pages) throws Exception {
        Samples ours = new Samples();
        Samples peers = new Samples();
        with(stage, TinyGuest.touching(pages), (snapshot, raw) -> {
            try (TinyMachine machine = TinyMachine.create(snapshot)) {
                machine.restore();
                machine.run();
                Stage.interleave(
                        stage.count(pages > 1000 ? 200 : KvmCreate.SAMPLES, 5),
                        () -> {
                            machine.pause();
                            long start = System.nanoTime();
                            machine.reset();
                            ours.add(micros(start, machine.run()));
                        },
                        () -> peers.add(raw.micros("reset")));
                machine.check();
            }
        });
        return outline(pages).row(ours, peers);
    }

    private static Row pause(Stage stage) throws Exception {
        Samples ours = new Samples();
        Samples peers = new Samples();
        with(stage, TinyGuest.touching(1), (snapshot, raw) -> {
            try (TinyMachine machine = TinyMachine.create(snapshot)) {
                machine.restore();
                machine.run();
                Stage.interleave(
                        stage.count(200, 5),
                        () -> {
                            long start = System.nanoTime();
                            machine.pause();
                            ours.add(micros(start, System.nanoTime()));
                            machine.reset();
                            machine.run();
                        },
                        () -> peers.add(raw.micros("pause")));
            }
        });
        return PAUSE.row(ours, peers);
    }
}
