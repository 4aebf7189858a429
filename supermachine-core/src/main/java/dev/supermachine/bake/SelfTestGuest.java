package dev.supermachine.bake;

import dev.supermachine.EngineException;
import dev.supermachine.engine.Activation;
import dev.supermachine.engine.Capability;
import dev.supermachine.engine.Hypervisor;
import dev.supermachine.engine.Machine;
import dev.supermachine.engine.MachineSpec;
import dev.supermachine.engine.Prepared;
import dev.supermachine.engine.SnapshotSource;
import dev.supermachine.engine.Witness;
import dev.supermachine.guest.FileOwner;
import dev.supermachine.guest.GuestClient;
import dev.supermachine.guest.WorkloadSpec;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A guest of the agent alone, that goes the way of every machine once: booted, captured, restored, reset.
 *
 * @param kernel the kernel file
 * @param initrd the initial file system with the agent
 * @param root an empty root file system
 */
record SelfTestGuest(Path kernel, Path initrd, Path root) {

    static final int RESETS = 20;

    private static final int MEMORY_MIB = 256;
    private static final Duration BOOT = Duration.ofSeconds(60);
    private static final Duration ANSWER = Duration.ofSeconds(30);
    private static final String MARK = "/mark-of-the-self-test";
    private static final SecureRandom RANDOM = new SecureRandom();

    /**
     * How long things took, in nanoseconds.
     *
     * @param boot from the start of the machine until its agent speaks
     * @param capture until the files are complete
     * @param restore from the files until the agent answers
     * @param resets each from a running machine to one whose agent answers, in their order
     */
    record Figures(long boot, long capture, long restore, List<Long> resets) {

        long medianReset() {
            return resets.stream().sorted().toList().get(resets.size() / 2);
        }
    }

    /**
     * Does it all on one engine.
     *
     * @param directory empty; what is left in it is of no use
     * @throws dev.supermachine.SupermachineException if a step fails
     */
    Figures run(Hypervisor engine, Path directory) {
        long start = System.nanoTime();
        long booted;
        long captured;
        try (Machine machine = engine.boot(
                        new MachineSpec("selftest", kernel, initrd, List.of(), root, MEMORY_MIB, 1, directory));
                GuestClient guest = new GuestClient(machine.agent(), "selftest", Witness.of(machine))) {
            guest.awaitHello(BOOT);
            booted = System.nanoTime();
            // never started: the capture is made before the workload
            guest.configure(new WorkloadSpec(List.of("/nothing"), Map.of(), "", "", 15, "selftest", Map.of()), ANSWER);
            guest.freeze(ANSWER);
            machine.capture(directory);
            captured = System.nanoTime();
        }
        SnapshotSource snapshot = new SnapshotSource("selftest-1", directory, root, MEMORY_MIB, 1);
        long restoring = System.nanoTime();
        Run run = activate(engine.prepare(snapshot), 1);
        try {
            long restored = System.nanoTime();
            List<Long> resets = new ArrayList<>();
            for (int i = 0; i < RESETS; i++) {
                run.guest().writeFile(MARK, new byte[] {1}, 0600, FileOwner.KEEP);
                long begin = System.nanoTime();
                run = reset(engine, snapshot, run, i + 2);
                resets.add(System.nanoTime() - begin);
                if (run.guest().stat(MARK).isPresent()) {
                    throw new EngineException("After a reset the guest still has the file " + MARK
                            + " of before, so machines would not be clean.");
                }
            }
            return new Figures(booted - start, captured - booted, restored - restoring, resets);
        } finally {
            run.close();
        }
    }

    private static Run reset(Hypervisor engine, SnapshotSource snapshot, Run run, int epoch) {
        run.guest().close();
        if (engine.capabilities().contains(Capability.RESET_IN_PLACE)) {
            return activate(run.machine().rewind(), epoch);
        }
        run.machine().close();
        return activate(engine.prepare(snapshot), epoch);
    }

    private static Run activate(Prepared prepared, int epoch) {
        byte[] entropy = new byte[Activation.ENTROPY_BYTES];
        RANDOM.nextBytes(entropy);
        Activation activation = new Activation(epoch, entropy, Clock.systemUTC(), "selftest", Map.of());
        try (prepared) {
            Machine machine = prepared.activate(activation);
            try {
                GuestClient guest = GuestClient.restored(machine.agent(), "selftest-1", Witness.of(machine));
                Run run = new Run(machine, guest);
                guest.resume(activation, ANSWER);
                return run;
            } catch (RuntimeException | Error e) {
                machine.close();
                throw e;
            }
        }
    }

    private record Run(Machine machine, GuestClient guest) implements AutoCloseable {

        @Override
        public void close() {
            try {
                guest.close();
            } finally {
                machine.close();
            }
        }
    }
}
