package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.ExecResult;
import dev.supermachine.Vm;
import dev.supermachine.VmPool;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Many holders, one after the other and at once: nobody sees what another wrote. */
class IsolationIT {

    private static final int CYCLES = TestImages.count("cycles", 40);
    private static final int THREADS = TestImages.count("threads", 4);

    @Test
    void nobodySeesWhatAnotherWrote() throws InterruptedException, ExecutionException {
        AtomicInteger cycle = new AtomicInteger();
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try (VmPool pool = TestImages.postgres().pool().min(1).max(THREADS).build()) {
            List<Future<?>> workers = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                workers.add(threads.submit(() -> {
                    for (int number = cycle.incrementAndGet(); number <= CYCLES; number = cycle.incrementAndGet()) {
                        writeAndLeave(pool, number);
                    }
                }));
            }
            for (Future<?> worker : workers) {
                worker.get();
            }
            assertThat(pool.stats().acquired()).isEqualTo(CYCLES);
            assertThat(pool.stats().inUse()).isZero();
        } finally {
            threads.shutdownNow();
        }
    }

    private static void writeAndLeave(VmPool pool, int number) {
        try (Vm vm = pool.acquire()) {
            ExecResult result = vm.command(
                            "psql",
                            "-U",
                            "postgres",
                            "-v",
                            "ON_ERROR_STOP=1",
                            "-Atc",
                            "select count(*) from pg_tables where schemaname = 'public'",
                            "-c",
                            "create table mark as select " + number + " as number",
                            "-c",
                            "select number from mark")
                    .output();
            assertThat(result.success()).as("cycle %s: %s", number, result).isTrue();
            assertThat(result.stdoutText()).isEqualTo("0\nSELECT 1\n" + number + "\n");
            assertThat(vm.exec("ls", "/tmp/marks").exitStatus())
                    .as("files of an earlier cycle")
                    .isNotZero();
            vm.writeFile("/tmp/marks/mark", Integer.toString(number));
        }
    }
}
