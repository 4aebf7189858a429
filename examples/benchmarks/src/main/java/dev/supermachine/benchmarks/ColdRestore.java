package dev.supermachine.benchmarks;

import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import java.util.List;

/** From nothing to the agent's first reply. */
final class ColdRestore implements Benchmark {

    static final String PEER = "QEMU, raw cold restore";

    @Override
    public String name() {
        return "restore-cold";
    }

    @Override
    public String what() {
        return "cold restore to the first agent reply";
    }

    @Override
    public List<Row> run(Stage stage) throws Exception {
        Image image = stage.postgres();
        Samples ours = new Samples();
        Samples peers = new Samples();
        Stage.interleave(
                stage.count(50, 3),
                () -> {
                    long start = System.nanoTime();
                    Vm vm = image.start(VmConfig.defaults());
                    ours.addMillisSince(start);
                    vm.close();
                },
                () -> sample(stage, peers));
        return List.of(new Row(name(), "ms", ours, PEER, peers, Goal.timesThePeer(1.3)));
    }

    /** One raw cold restore. */
    static void sample(Stage stage, Samples peers) throws Exception {
        try (RawMachine raw = stage.rawMachine()) {
            peers.add(raw.restore());
        }
    }
}
