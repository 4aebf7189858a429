package dev.supermachine.junit;

import dev.supermachine.Vm;
import dev.supermachine.VmPool;
import dev.supermachine.settings.Settings;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The pool of all tests with equal annotations. It bakes when the first machine is asked for; a bake that failed is not tried again, so that each test fails
 * at once with the same reason. Thread-safe.
 */
@SuppressWarnings("deprecation") // the only closeable that JUnit before 5.13 knows
final class SharedPool implements ExtensionContext.Store.CloseableResource, AutoCloseable {

    private final Key key;
    private @Nullable VmPool pool;
    private @Nullable RuntimeException failure;

    /** What tests must have in common to share a pool: the annotation's values, and what was set as configuration parameters. */
    record Key(MicroVmSpec spec, Map<String, String> parameters) {}

    SharedPool(Key key) {
        this.key = key;
    }

    /** Settings with these configuration parameters. */
    static Settings settings(Map<String, String> parameters) {
        return Settings.withParameters(name -> parameters.get(name));
    }

    Vm acquire() {
        Vm vm = pool().acquire();
        try {
            key.spec().ports().forEach(vm::mappedPort);
        } catch (RuntimeException e) {
            vm.close();
            throw e;
        }
        return vm;
    }

    private synchronized VmPool pool() {
        if (failure != null) {
            throw failure;
        }
        if (pool == null) {
            try {
                pool = key.spec().bake(settings(key.parameters())).pool().build();
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
