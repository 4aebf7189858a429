package dev.supermachine.benchmarks;

import dev.supermachine.vmm.TinyGuest;
import dev.supermachine.vmm.TinyMachine;
import java.util.List;

/** From nothing to the first exit of a guest with 256 MiB of a file, and the part of it that is left when the machine was made before. */
final class KvmCreate extends KvmBenchmark {

    /** So many that what is measured is compiled for most of them. */
    static final int SAMPLES = 1000;

    private static final Outline CREATE =
            new Outline("kvm-create", "us", Goal.atMost(1500).andTimesThePeer(1.3));
    private static final Outline POOLED = new Outline("kvm-pooled", "us", Goal.atMost(300));

    @Override
    public String name() {
        return "kvm-create";
    }

    @Override
    public String what() {
        return "a machine on KVM, made and restored, to its first exit; and one that was made before";
    }

    @Override
    List<Outline> outlines() {
        return List.of(CREATE, POOLED);
    }

    @Override
    List<Row> measure(Stage stage) throws Exception {
        Samples created = new Samples();
        Samples pooled = new Samples();
        Samples rawCreated = new Samples();
        Samples rawPooled = new Samples();
        with(stage, TinyGuest.touching(1), (snapshot, raw) -> {
            Stage.interleave(
                    stage.count(SAMPLES, 5),
                    () -> {
                        long start = System.nanoTime();
                        try (TinyMachine machine = TinyMachine.create(snapshot)) {
                            machine.restore();
                            created.add(micros(start, machine.run()));
                        }
                    },
                    () -> rawCreated.add(raw.micros("create")));
            Stage.interleave(
                    stage.count(SAMPLES, 5),
                    () -> {
                        try (TinyMachine machine = TinyMachine.create(snapshot)) {
                            long start = System.nanoTime();
                            machine.restore();
                            pooled.add(micros(start, machine.run()));
                        }
                    },
                    () -> rawPooled.add(raw.micros("pooled")));
        });
        return List.of(CREATE.row(created, rawCreated), POOLED.row(pooled, rawPooled));
    }
}
