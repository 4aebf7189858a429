package dev.supermachine.engine.kvm;

import dev.supermachine.engine.Activation;
import dev.supermachine.engine.Machine;
import dev.supermachine.engine.Prepared;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/** A virtual machine in the state of its snapshot, its vCPUs standing. */
final class KvmPrepared implements Prepared {

    private final KvmMachine machine;
    private final AtomicBoolean used = new AtomicBoolean();

    KvmPrepared(KvmMachine machine) {
        this.machine = machine;
    }

    @Override
    public <T> T rehearse(Function<? super Machine, T> part) {
        if (used.get()) {
            throw usedBefore();
        }
        machine.resume();
        T result = part.apply(machine);
        machine.pause();
        return result;
    }

    @Override
    public Machine activate(Activation activation) {
        if (!used.compareAndSet(false, true)) {
            throw usedBefore();
        }
        try {
            if (!machine.isAlive()) {
                throw machine.failure(
                        "Cannot activate machine '" + machine.name() + "'", "it ended while it waited", null);
            }
            machine.begin();
            return machine;
        } catch (RuntimeException | Error e) {
            // This object counts as used, so nobody else would.
            machine.close();
            throw e;
        }
    }

    private IllegalStateException usedBefore() {
        return new IllegalStateException("Machine '" + machine.name() + "' was activated or closed before");
    }

    @Override
    public boolean isAlive() {
        return !used.get() && machine.isAlive();
    }

    @Override
    public void close() {
        if (used.compareAndSet(false, true)) {
            machine.close();
        }
    }
}
