package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class VcpuThreadsTest {

    @Test
    void everyTaskHasADaemonOfItsNameAtOnce() throws Exception {
        CountDownLatch together = new CountDownLatch(3);
        CountDownLatch leave = new CountDownLatch(1);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            VcpuThreads.run("web vcpu " + i, () -> {
                synchronized (threads) {
                    threads.add(Thread.currentThread());
                }
                together.countDown();
                awaitQuietly(leave);
            });
        }
        assertThat(together.await(1, TimeUnit.MINUTES)).isTrue();
        synchronized (threads) {
            assertThat(threads)
                    .extracting(Thread::getName)
                    .containsExactlyInAnyOrder("web vcpu 0", "web vcpu 1", "web vcpu 2");
            assertThat(threads).allMatch(Thread::isDaemon);
        }
        leave.countDown();
    }

    @Test
    void oneThatIsDoneHasNothingOfItsTaskAndTakesTheNext() throws Exception {
        Thread first = threadOf("first vcpu 0");
        await().until(() -> isWaiting(first));
        assertThat(first.getName()).isEqualTo(VcpuThreads.IDLE_NAME);
        assertThat(first.getContextClassLoader()).isNull();

        // Those of other tests may wait as well, but not for ever: so many cannot all be new.
        List<Thread> later = new ArrayList<>();
        await().until(() -> {
            Thread next = threadOf("second vcpu 0");
            later.add(next);
            await().until(() -> isWaiting(next));
            return later.indexOf(next) < later.size() - 1 || next == first;
        });
    }

    @Test
    void aTaskHasTheClassLoaderOfWhoWantsIt() throws Exception {
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        ClassLoader own = new ClassLoader(before) {};
        List<ClassLoader> seen = new ArrayList<>();
        CountDownLatch done = new CountDownLatch(1);
        Thread.currentThread().setContextClassLoader(own);
        try {
            VcpuThreads.run("loading vcpu 0", () -> {
                synchronized (seen) {
                    seen.add(Thread.currentThread().getContextClassLoader());
                }
                done.countDown();
            });
        } finally {
            Thread.currentThread().setContextClassLoader(before);
        }
        assertThat(done.await(1, TimeUnit.MINUTES)).isTrue();
        synchronized (seen) {
            assertThat(seen).containsExactly(own);
        }
    }

    /** The thread that a task had, which is done. */
    private static Thread threadOf(String name) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        CountDownLatch done = new CountDownLatch(1);
        VcpuThreads.run(name, () -> {
            synchronized (threads) {
                threads.add(Thread.currentThread());
            }
            done.countDown();
        });
        assertThat(done.await(1, TimeUnit.MINUTES)).isTrue();
        synchronized (threads) {
            return threads.get(0);
        }
    }

    private static boolean isWaiting(Thread thread) {
        return thread.getName().equals(VcpuThreads.IDLE_NAME) && thread.getState() == Thread.State.TIMED_WAITING;
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
