package dev.supermachine.engine.qemu;

import dev.supermachine.engine.ContractGuest;
import dev.supermachine.engine.SnapshotSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/** A JVM with a booted and a prepared machine that {@link OrphanIT} kills. Writes their process ids into a file once both are there. */
final class OrphanMain {

    private OrphanMain() {}

    /** Arguments: the snapshot's directory, an empty directory for a boot, the file to write. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        ContractGuest guest = ContractGuest.instance();
        QemuTcgHypervisor engine = new QemuTcgHypervisor();
        SnapshotSource source = guest.source("orphan-spare", Path.of(arguments[0]), 1);
        // Started by threads that are gone at once: the processes' lives must not hang on them.
        long[] pids = new long[2];
        Thread starter = new Thread(() -> {
            pids[0] = ((QemuPrepared) engine.prepare(source)).pid();
            pids[1] = ((QemuMachine) engine.boot(guest.spec(Path.of(arguments[1]), 1))).pid();
        });
        starter.start();
        starter.join();
        Path file = Path.of(arguments[2]);
        Path written = Files.writeString(file.resolveSibling("written"), pids[0] + " " + pids[1]);
        Files.move(written, file);
        new CountDownLatch(1).await();
    }
}
