package dev.supermachine.benchmarks;

import dev.supermachine.kvm.Kvm;
import dev.supermachine.vmm.TinyGuest;
import dev.supermachine.vmm.TinyMachine;
import dev.supermachine.vmm.TinySnapshot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What is measured with tiny guests on KVM. Where that cannot be, its rows say why not, and the other benchmarks go on. */
abstract class KvmBenchmark implements Benchmark {

    static final String PEER = "C, the same calls";

    /** A row that is to come. */
    record Outline(String name, String unit, Goal goal) {

        Row row(Samples ours, Samples peers) {
            return new Row(name, unit, ours, PEER, peers, goal);
        }
    }

    /** Ours and the peer's samples of one snapshot, in that order. */
    interface Measuring {
        void run(TinySnapshot snapshot, RawKvm raw) throws Exception;
    }

    /** The rows that there are, measured or not. */
    abstract List<Outline> outlines();

    /**
     * Measures.
     *
     * @throws Exception whatever went wrong, which becomes the reason why the rows were not measured
     */
    abstract List<Row> measure(Stage stage) throws Exception;

    @Override
    public final List<Row> run(Stage stage) throws InterruptedException {
        if (!Files.exists(Kvm.DEVICE)) {
            return notMeasured(Kvm.DEVICE + " does not exist");
        }
        if (!Files.isReadable(Kvm.DEVICE) || !Files.isWritable(Kvm.DEVICE)) {
            return notMeasured("no right to use " + Kvm.DEVICE);
        }
        try {
            return measure(stage);
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            return notMeasured(e.toString());
        }
    }

    private List<Row> notMeasured(String reason) {
        List<Row> rows = new ArrayList<>();
        for (Outline outline : outlines()) {
            rows.add(Row.notMeasured(outline.name, outline.unit, outline.goal, reason));
        }
        return rows;
    }

    /** Makes a snapshot of a guest and starts the peer, for as long as something is measured with them. */
    static void with(Stage stage, TinyGuest guest, Measuring measuring) throws Exception {
        Path directory = Stage.scratch();
        try {
            Path file = directory.resolve("memory");
            guest.write(file);
            try (TinySnapshot snapshot = TinySnapshot.take(guest, file);
                    RawKvm raw = RawKvm.start(stage.rawKvm(), file)) {
                measuring.run(snapshot, raw);
            }
        } finally {
            Stage.delete(directory);
        }
    }

    /** Ours with devices, which has not run yet, and the peer with the like. */
    interface MeasuringDevices {
        void run(TinyMachine machine, RawKvm raw) throws Exception;
    }

    /** As {@link #with}, with a disk and the other devices of a machine. */
    static void withDevices(Stage stage, TinyGuest guest, byte[] disk, MeasuringDevices measuring) throws Exception {
        Path directory = Stage.scratch();
        try {
            Path file = directory.resolve("memory");
            guest.write(file);
            Path image = Files.write(directory.resolve("disk"), disk);
            try (TinySnapshot snapshot = TinySnapshot.take(guest, file);
                    TinyMachine machine = TinyMachine.withDevices(snapshot, image);
                    RawKvm raw = RawKvm.start(stage.rawKvm(), file, image)) {
                machine.restore();
                measuring.run(machine, raw);
            }
        } finally {
            Stage.delete(directory);
        }
    }

    /** MiB a second, of bytes that took so many nanoseconds. */
    static double rate(long bytes, long nanos) {
        return bytes / (double) (1 << 20) / (nanos / 1e9);
    }

    /** Microseconds since a reading of {@link System#nanoTime()} until another. */
    static double micros(long from, long to) {
        return (to - from) / 1e3;
    }
}
