package dev.supermachine.vmm;

import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The threads that vCPUs run on, one each. Starting one takes longer than all else that is ours in making a machine, and milliseconds when the processors have other
 * work; so one whose vCPU has stopped waits a little for the next, of whatever machine. Thread-safe.
 */
final class VcpuThreads {

    /** What a thread is called that waits. */
    static final String IDLE_NAME = "supermachine vcpu, idle";

    private static final long IDLE_SECONDS = 10;

    /** Has a thread for each task at once: hands it to one that waits, or else starts one. */
    private static final ThreadPoolExecutor EXECUTOR = new ThreadPoolExecutor(
            0, Integer.MAX_VALUE, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
                // Without the starter's inheritable thread locals, which are nothing to those who come later.
                Thread thread = new Thread(null, task, IDLE_NAME, 0, false);
                thread.setDaemon(true);
                return thread;
            });

    private VcpuThreads() {}

    /**
     * Runs something on a thread of its own, a daemon with the caller's class loader.
     *
     * @param name the thread's meanwhile
     * @param task what to run; must not throw
     */
    static void run(String name, Runnable task) {
        ClassLoader loader = Thread.currentThread().getContextClassLoader();
        EXECUTOR.execute(() -> run(name, loader, task));
    }

    private static void run(String name, @Nullable ClassLoader loader, Runnable task) {
        Thread thread = Thread.currentThread();
        thread.setName(name);
        thread.setContextClassLoader(loader);
        try {
            task.run();
        } finally {
            thread.setContextClassLoader(null);
            thread.setName(IDLE_NAME);
        }
    }
}
