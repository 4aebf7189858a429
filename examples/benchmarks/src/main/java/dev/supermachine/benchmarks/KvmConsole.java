package dev.supermachine.benchmarks;

import dev.supermachine.vmm.AgentPort;
import dev.supermachine.vmm.TinyDriver;
import dev.supermachine.vmm.TinyMachine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** How fast bytes go through the agent's port, in each direction, between the guest and a thread of the host. */
final class KvmConsole extends KvmBenchmark {

    static final int SAMPLES = 400;

    private static final Outline TO_HOST = new Outline("kvm-console-to-host", "MiB/s", Goal.none());
    private static final Outline TO_GUEST = new Outline("kvm-console-to-guest", "MiB/s", Goal.none());

    /** What makes a sample. */
    private static final int BYTES = 4 << 20;

    /** What the host reads or writes at once. */
    private static final int PIECE = 64 << 10;

    @Override
    public String name() {
        return "kvm-console";
    }

    @Override
    public String what() {
        return "bytes through the agent's port, from the guest to the host and back";
    }

    @Override
    List<Outline> outlines() {
        return List.of(TO_HOST, TO_GUEST);
    }

    @Override
    List<Row> measure(Stage stage) throws Exception {
        return List.of(toHost(stage), toGuest(stage));
    }

    private static Row toHost(Stage stage) throws Exception {
        Samples ours = Samples.ofRates();
        Samples peers = Samples.ofRates();
        ByteBuffer piece = ByteBuffer.allocate(PIECE);
        withDevices(stage, TinyDriver.sending(BYTES), new byte[PIECE], (machine, raw) -> {
            ByteBuffer first = ByteBuffer.allocate(BYTES);
            receive(machine, first);
            TinyDriver.checkSent(first);
            Stage.interleave(
                    stage.count(SAMPLES, 5),
                    () -> {
                        machine.pause();
                        machine.reset();
                        ours.add(rate(BYTES, receive(machine, piece)));
                    },
                    () -> peers.add(rate(BYTES, raw.ask("to-host " + BYTES)[0])));
        });
        return TO_HOST.row(ours, peers);
    }

    /** How long it takes from the guest's begin until all is here. */
    private static long receive(TinyMachine machine, ByteBuffer piece) throws IOException {
        AgentPort port = machine.agent();
        machine.begin();
        piece.clear();
        for (int left = BYTES; left > 0; ) {
            int length = port.read(piece.hasRemaining() ? piece : piece.clear());
            if (length < 0 || length > left) {
                throw new IOException("Expected " + left + " more bytes of the guest, but got " + length);
            }
            left -= length;
        }
        long end = System.nanoTime();
        return end - machine.finish();
    }

    private static Row toGuest(Stage stage) throws Exception {
        Samples ours = Samples.ofRates();
        Samples peers = Samples.ofRates();
        ByteBuffer piece = ByteBuffer.allocate(PIECE);
        withDevices(stage, TinyDriver.receiving(BYTES), new byte[PIECE], (machine, raw) -> {
            send(machine, piece);
            Stage.interleave(
                    stage.count(SAMPLES, 5),
                    () -> {
                        machine.pause();
                        machine.reset();
                        ours.add(rate(BYTES, send(machine, piece)));
                    },
                    () -> peers.add(rate(BYTES, raw.ask("to-guest " + BYTES)[0])));
        });
        return TO_GUEST.row(ours, peers);
    }

    /** How long it takes from the first byte until the guest has all. */
    private static long send(TinyMachine machine, ByteBuffer piece) throws IOException {
        AgentPort port = machine.agent();
        machine.begin();
        long start = System.nanoTime();
        for (int sent = 0; sent < BYTES; sent += PIECE) {
            port.write(piece.clear());
        }
        machine.finish();
        return machine.end() - start;
    }
}
