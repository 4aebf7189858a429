package dev.supermachine.engine.qemu;

import dev.supermachine.engine.Activation;
import dev.supermachine.engine.Machine;
import dev.supermachine.engine.Prepared;
import dev.supermachine.engine.SnapshotSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/** A QEMU process with a snapshot's state loaded, paused. */
final class QemuPrepared implements Prepared {

    private final QemuProcess qemu;
    private final SnapshotSource origin;
    private final AtomicBoolean used = new AtomicBoolean();

    QemuPrepared(QemuProcess qemu, SnapshotSource origin) {
        this.qemu = qemu;
        this.origin = origin;
    }

    @Override
    public <T> T rehearse(Function<? super Machine, T> part) {
        if (used.get()) {
            throw new IllegalStateException("Machine '" + qemu.name() + "' was activated or closed before");
        }
        QemuMachine machine = new QemuMachine(qemu, null, origin);
        machine.resume();
        T result = part.apply(machine);
        machine.pause();
        return result;
    }

    @Override
    public Machine activate(Activation activation) {
        if (!used.compareAndSet(false, true)) {
            throw new IllegalStateException("Machine '" + qemu.name() + "' was activated or closed before");
        }
        try {
            if (!qemu.isAlive()) {
                throw new IOException("it ended while it waited");
            }
            qemu.command("cont", Map.of());
        } catch (IOException e) {
            var failure = qemu.failure("Cannot activate machine '" + qemu.name() + "'", e);
            qemu.end("it was not activated");
            throw failure;
        }
        return new QemuMachine(qemu, null, origin);
    }

    /** The process, for tests that end it from outside. */
    long pid() {
        return qemu.pid();
    }

    /** Where its sockets are, for tests that look whether it goes. */
    Path directory() {
        return qemu.directory();
    }

    @Override
    public boolean isAlive() {
        return !used.get() && qemu.isAlive();
    }

    @Override
    public void close() {
        if (used.compareAndSet(false, true)) {
            qemu.end("closed");
        }
    }
}
