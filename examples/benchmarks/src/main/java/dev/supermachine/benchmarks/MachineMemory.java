package dev.supermachine.benchmarks;

import dev.supermachine.Vm;
import dev.supermachine.VmPool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a machine takes of the host: its proportional set size, in which a page that several machines share counts for each by its part. Ours and the raw
 * ones are not there at the same time, or each would lighten the other.
 */
final class MachineMemory implements Benchmark {

    private static final String PEER = "QEMU, raw";
    private static final double KIB_PER_MIB = 1024;
    private static final int MACHINES = 3;

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public String what() {
        return "PSS of one of three machines: prepared and paused, and after one query";
    }

    @Override
    public List<Row> run(Stage stage) throws Exception {
        Samples paused = new Samples();
        Samples queried = new Samples();
        Samples rawPaused = new Samples();
        Samples rawQueried = new Samples();
        Stage.interleave(
                stage.count(4, 1), () -> ours(stage, paused, queried), () -> peers(stage, rawPaused, rawQueried));
        return List.of(
                new Row(name() + "-paused", "MiB", paused, PEER, rawPaused, Goal.atMost(40)),
                new Row(name() + "-after-query", "MiB", queried, PEER, rawQueried, Goal.none()));
    }

    private static void ours(Stage stage, Samples paused, Samples queried) throws Exception {
        try (VmPool pool = stage.postgres().pool().min(MACHINES).max(MACHINES).build()) {
            Stage.awaitIdle(pool, MACHINES);
            List<Long> pids = machines();
            for (long pid : pids) {
                paused.add(pss(pid));
            }
            List<Vm> held = new ArrayList<>();
            for (int i = 0; i < MACHINES; i++) {
                Vm vm = pool.acquire();
                held.add(vm);
                Query.ask(vm.host(), vm.mappedPort(Stage.POSTGRES_PORT));
            }
            for (long pid : pids) {
                queried.add(pss(pid));
            }
            held.forEach(Vm::close);
        }
        Stage.await("the machines have ended", () -> machines().isEmpty());
    }

    private static void peers(Stage stage, Samples paused, Samples queried) throws Exception {
        List<RawMachine> raws = new ArrayList<>();
        try {
            List<Long> pids = new ArrayList<>();
            for (int i = 0; i < MACHINES; i++) {
                RawMachine raw = stage.rawMachine();
                raws.add(raw);
                pids.add(raw.awaitPrepared());
            }
            for (long pid : pids) {
                paused.add(pss(pid));
            }
            for (RawMachine raw : raws) {
                int port = raw.listen(Stage.POSTGRES_PORT);
                raw.resumeAndServe();
                Query.ask("127.0.0.1", port);
            }
            for (long pid : pids) {
                queried.add(pss(pid));
            }
        } finally {
            for (RawMachine raw : raws) {
                raw.close();
            }
        }
    }

    /** The processes of the library's machines. */
    private static List<Long> machines() {
        return ProcessHandle.current()
                .children()
                .map(ProcessHandle::pid)
                .filter(pid -> RestoreCommand.commandLine(pid).contains("-incoming"))
                .filter(pid -> !RestoreCommand.commandLine(pid).get(0).endsWith("rawmachine"))
                .toList();
    }

    /** A process's proportional set size, in MiB. */
    static double pss(long pid) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "smaps_rollup"))) {
            if (line.startsWith("Pss:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) / KIB_PER_MIB;
            }
        }
        throw new IOException("The kernel does not tell the PSS of process " + pid);
    }
}
