package dev.supermachine.benchmarks;

import dev.supermachine.vmm.TinyDriver;
import dev.supermachine.vmm.TinyGuest;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** How fast a guest reads its disk from the begin to the end, with one request at a time. The disk's file is in the page cache. */
final class KvmBlock extends KvmBenchmark {

    /**
     * A size of requests.
     *
     * @param name in the row's
     * @param bytes how many each
     * @param requests how many make a sample
     */
    private record Kind(String name, int bytes, int requests) {

        Outline outline() {
            return new Outline("kvm-block-" + name, "MiB/s", Goal.none());
        }
    }

    private static final List<Kind> KINDS = List.of(new Kind("4k", 4 << 10, 256), new Kind("128k", 128 << 10, 64));

    private static final int DISK = 8 << 20;

    @Override
    public String name() {
        return "kvm-block";
    }

    @Override
    public String what() {
        return "reads of the disk from its begin to its end, 4 KiB and 128 KiB at a time";
    }

    @Override
    List<Outline> outlines() {
        return KINDS.stream().map(Kind::outline).toList();
    }

    @Override
    List<Row> measure(Stage stage) throws Exception {
        byte[] disk = new byte[DISK];
        new Random(3).nextBytes(disk);
        List<Row> rows = new ArrayList<>();
        for (Kind kind : KINDS) {
            rows.add(read(stage, kind, disk));
        }
        return rows;
    }

    private static Row read(Stage stage, Kind kind, byte[] disk) throws Exception {
        Samples ours = Samples.ofRates();
        Samples peers = Samples.ofRates();
        long all = (long) kind.bytes * kind.requests;
        TinyGuest guest = TinyDriver.reading(kind.requests, kind.bytes);
        withDevices(stage, guest, disk, (machine, raw) -> {
            machine.run();
            Stage.interleave(
                    stage.count(KvmConsole.SAMPLES, 5),
                    () -> {
                        machine.pause();
                        machine.reset();
                        machine.run();
                        ours.add(rate(all, machine.workNanos()));
                    },
                    () -> peers.add(rate(all, raw.ask("work")[0])));
            machine.checkRead(kind.requests, kind.bytes, disk);
        });
        return kind.outline().row(ours, peers);
    }
}
