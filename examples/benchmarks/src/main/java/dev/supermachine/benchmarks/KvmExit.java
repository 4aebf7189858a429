package dev.supermachine.benchmarks;

import dev.supermachine.vmm.TinyGuest;
import dev.supermachine.vmm.TinyMachine;
import java.util.List;

/** A write to a port: out of the guest, to who answers to the port, and back in. */
final class KvmExit extends KvmBenchmark {

    private static final Outline EXIT = new Outline("kvm-exit", "us", Goal.none());

    /** How many make a sample, which is their mean. */
    private static final int EXITS = 1000;

    @Override
    public String name() {
        return EXIT.name();
    }

    @Override
    public String what() {
        return "one write to a port, out of the guest and back, as the mean of " + EXITS;
    }

    @Override
    List<Outline> outlines() {
        return List.of(EXIT);
    }

    @Override
    List<Row> measure(Stage stage) throws Exception {
        Samples ours = new Samples();
        Samples peers = new Samples();
        with(stage, TinyGuest.writing(EXITS), (snapshot, raw) -> {
            try (TinyMachine machine = TinyMachine.create(snapshot)) {
                machine.restore();
                machine.run();
                Stage.interleave(
                        stage.count(200, 5),
                        () -> {
                            machine.pause();
                            machine.reset();
                            machine.run();
                            ours.add(machine.workNanos() / 1e3 / (EXITS + 1));
                        },
                        () -> peers.add(raw.micros("work") / (EXITS + 1)));
            }
        });
        return List.of(EXIT.row(ours, peers));
    }
}
