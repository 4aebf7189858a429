package dev.supermachine.benchmarks;

import dev.supermachine.vmm.TinyGuest;
import dev.supermachine.vmm.TinyMachine;
import dev.supermachine.vmm.TinySnapshot;
import java.util.ArrayList;
import java.util.List;

/**
 * What a machine on KVM adds to this process's memory: by its proportional set size before and with so many machines, restored, and after each has written pages.
 * What KVM has in the kernel is not in it.
 */
final class KvmDensity extends KvmBenchmark {

    private static final List<Integer> MACHINES = List.of(1, 8, 32);
    private static final int PAGES = 1000;
    private static final double KIB_PER_MIB = 1024;

    @Override
    public String name() {
        return "kvm-density";
    }

    @Override
    public String what() {
        return "PSS of each of 1, 8 and 32 machines on KVM over the process's own: restored, and with " + PAGES
                + " pages written";
    }

    @Override
    List<Outline> outlines() {
        List<Outline> outlines = new ArrayList<>();
        for (int machines : MACHINES) {
            outlines.add(idle(machines));
            outlines.add(touched(machines));
        }
        return outlines;
    }

    private static Outline idle(int machines) {
        return new Outline("kvm-density-" + machines, "MiB", Goal.atMost(10));
    }

    private static Outline touched(int machines) {
        return new Outline("kvm-density-" + machines + "-written", "MiB", Goal.none());
    }

    @Override
    List<Row> measure(Stage stage) throws Exception {
        List<Row> rows = new ArrayList<>();
        with(stage, TinyGuest.touching(PAGES), (snapshot, raw) -> {
            // So that the heap and the compiled code of the first are not those of a machine.
            sample(snapshot, 8, new Samples(), new Samples());
            raw.ask("density 8");
            for (int machines : MACHINES) {
                Samples idle = new Samples();
                Samples touched = new Samples();
                Samples rawIdle = new Samples();
                Samples rawTouched = new Samples();
                Stage.interleave(stage.count(10, 1), () -> sample(snapshot, machines, idle, touched), () -> {
                    long[] kib = raw.ask("density " + machines);
                    rawIdle.add(kib[0] / KIB_PER_MIB / machines);
                    rawTouched.add(kib[1] / KIB_PER_MIB / machines);
                });
                rows.add(idle(machines).row(idle, rawIdle));
                rows.add(touched(machines).row(touched, rawTouched));
            }
        });
        return rows;
    }

    private static void sample(TinySnapshot snapshot, int count, Samples idle, Samples touched) throws Exception {
        List<TinyMachine> machines = new ArrayList<>();
        double before = pss();
        try {
            for (int i = 0; i < count; i++) {
                TinyMachine machine = TinyMachine.create(snapshot);
                machines.add(machine);
                machine.restore();
            }
            idle.add((pss() - before) / count);
            machines.forEach(TinyMachine::run);
            touched.add((pss() - before) / count);
        } finally {
            machines.forEach(TinyMachine::close);
        }
    }

    /** Of this process, without what a garbage collection frees. */
    private static double pss() throws Exception {
        System.gc();
        return MachineMemory.pss(ProcessHandle.current().pid());
    }
}
