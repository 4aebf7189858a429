package dev.supermachine.junit;

import dev.supermachine.Vm;
import dev.supermachine.VmPool;
import dev.supermachine.settings.Settings;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The pool of all tests with equal annotations. It bakes when the first machine is asked for; a bake that failed is not tried again, so that each test fails
 * at once with the same reason. Thread-safe.
 */
@SuppressWarnings("deprecation") // the only closeable that JUnit before 5.13 knows
final class SharedPool implements ExtensionContext.Store.CloseableResource, AutoCloseable {

    private final MicroVmSpec spec;
    private final Settings settings;
    private @Nullable VmPool pool;
    private @Nullable RuntimeException failure;

    SharedPool(MicroVmSpec spec, Settings settings) {
        this.spec = spec;
        this.settings = settings;
    }

    Vm acquire() {
        Vm vm = pool().acquire();
        spec.ports().forEach(vm::mappedPort);
        return vm;
    }

    private synchronized VmPool pool() {
        if (failure != null) {
            throw failure;
        }
        if (pool == null) {
            try {
                pool = spec.bake(settings).pool().build();
            } catch (RuntimeException e) {
                failure = e;
                throw e;
            }
        }
        return pool;
    }

    @Override
    public synchronized void close() {
        if (pool != null) {
            pool.close();
        }
    }
}
