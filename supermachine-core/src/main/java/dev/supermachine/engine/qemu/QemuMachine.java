package dev.supermachine.engine.qemu;

import dev.supermachine.EngineException;
import dev.supermachine.engine.Channel;
import dev.supermachine.engine.Console;
import dev.supermachine.engine.Machine;
import dev.supermachine.engine.MachineSpec;
import dev.supermachine.engine.PrivateDirectories;
import dev.supermachine.linux.HolePuncher;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A machine in a QEMU process. */
final class QemuMachine implements Machine {

    private static final Logger LOG = LoggerFactory.getLogger(QemuMachine.class);
    private static final Duration QUIT = Duration.ofSeconds(10);

    private final QemuProcess qemu;

    /** What it was booted with; null if it was restored. */
    private final @Nullable MachineSpec booted;

    private @Nullable Traces traces;

    /** What outlives this JVM; null as long as nothing is to. */
    private PrivateDirectories.@Nullable Shared shared;

    QemuMachine(QemuProcess qemu, @Nullable MachineSpec booted) {
        this.qemu = qemu;
        this.booted = booted;
    }

    @Override
    public Channel agent() {
        return qemu.agent();
    }

    @Override
    public Console console() {
        return qemu.console();
    }

    @Override
    public void pause() {
        command("stop", "pause");
    }

    @Override
    public void resume() {
        command("cont", "resume");
    }

    @Override
    public void capture(Path directory) {
        String what = "Cannot capture machine '" + qemu.name() + "' into " + directory;
        if (booted == null) {
            throw new EngineException(what + ": it was restored from a snapshot, and only a booted machine keeps its"
                    + " memory in a file. Boot one and bring it to the wanted state.");
        }
        if (!directory
                .toAbsolutePath()
                .normalize()
                .equals(booted.directory().toAbsolutePath().normalize())) {
            throw new EngineException(what + ": its memory file is in " + booted.directory()
                    + ". Name that directory and move it afterwards.");
        }
        pause();
        Path state = directory.resolve(QemuCommand.STATE_FILE);
        try {
            long start = System.nanoTime();
            StateTransfer.save(qemu, state);
            quit();
            long punched = HolePuncher.punchZeros(directory.resolve(QemuCommand.RAM_FILE));
            LOG.debug(
                    "Captured machine '{}' in {} ms, with {} MiB of zeros given back",
                    qemu.name(),
                    (System.nanoTime() - start) / 1_000_000,
                    punched >> 20);
        } catch (IOException e) {
            EngineException failure = qemu.failure(what, e);
            try {
                Files.deleteIfExists(state);
            } catch (IOException suppressed) {
                failure.addSuppressed(suppressed);
            }
            throw failure;
        }
    }

    @Override
    public void copyVolume(int volume, Path target) {
        try {
            VolumeCopy.write(qemu, QemuDisks.name(volume), target);
        } catch (IOException e) {
            throw qemu.failure("Cannot copy disk " + volume + " of machine '" + qemu.name() + "' to " + target, e);
        }
    }

    /** The memory file is complete and at rest once nobody has it mapped. */
    private void quit() throws IOException {
        qemu.command("quit", Map.of());
        boolean ended = qemu.awaitExit(QUIT);
        qemu.end("captured");
        if (!ended && !qemu.awaitExit(QUIT)) {
            throw new IOException(
                    "QEMU did not quit within " + QUIT.multipliedBy(2).toSeconds() + " s");
        }
    }

    @Override
    public boolean isAlive() {
        return qemu.isAlive();
    }

    @Override
    public String endReason() {
        return qemu.endReason();
    }

    @Override
    public synchronized Traces leaveTraces() {
        try {
            if (traces == null) {
                if (qemu.isDetachable()) {
                    shared = PrivateDirectories.instance().createShared();
                }
                Path directory = shared == null ? qemu.directory() : shared.path();
                Path console = directory.resolve("console");
                qemu.writeConsoleTo(console);
                traces = new Traces(qemu.qemuPid(), directory, console, shared != null);
            }
            return traces;
        } catch (IOException e) {
            throw new EngineException(
                    "What people need to look at machine '" + qemu.name() + "' cannot be written: " + e.getMessage()
                            + ". Is the file system of " + qemu.directory() + " full?",
                    e);
        }
    }

    @Override
    public synchronized void detach() {
        String what = "Machine '" + qemu.name() + "' cannot be left to another process";
        if (shared == null) {
            throw new EngineException(what + ": it was not started for that.");
        }
        try {
            qemu.detach(shared.path());
        } catch (IOException e) {
            throw qemu.failure(what, e);
        }
        shared.close();
    }

    @Override
    public boolean awaitEnd(Duration limit) {
        return qemu.awaitLastWords(limit);
    }

    @Override
    public void close() {
        qemu.end("closed");
    }

    @Override
    public String toString() {
        return "QEMU machine '" + qemu.name() + "' (process " + qemu.pid() + ")";
    }

    /** The process, for tests that end it from outside. */
    long pid() {
        return qemu.pid();
    }

    private void command(String command, String verb) {
        try {
            if (!qemu.isAlive()) {
                throw new IOException("it does not run any more");
            }
            qemu.command(command, Map.of());
        } catch (IOException e) {
            throw qemu.failure("Cannot " + verb + " machine '" + qemu.name() + "'", e);
        }
    }
}
