package dev.supermachine.benchmarks;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import dev.supermachine.Vm;
import dev.supermachine.junit.MicroVm;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** How much longer an empty test method takes when it is handed a machine. */
final class JUnitOverhead implements Benchmark {

    private static final int METHODS = 30;

    /** Run by JUnit, not by the build. */
    @MicroVm(image = "localhost:5000/debian-postgres:15", port = Stage.POSTGRES_PORT, memoryMib = 512)
    static class WithMachine {
        @RepeatedTest(METHODS)
        void empty(Vm vm) {}
    }

    /** The same without. */
    static class WithoutMachine {
        @RepeatedTest(METHODS)
        void empty() {}
    }

    @Override
    public String name() {
        return "junit-method";
    }

    @Override
    public String what() {
        return "an empty method of a class with @MicroVm, and without";
    }

    @Override
    public List<Row> run(Stage stage) {
        Samples with = new Samples();
        Samples without = new Samples();
        execute(WithoutMachine.class, without);
        execute(WithMachine.class, with);
        return List.of(new Row(name(), "ms", with, "the same without @MicroVm", without, Goal.none()));
    }

    private static void execute(Class<?> tests, Samples samples) {
        Stopwatch stopwatch = new Stopwatch(samples);
        LauncherFactory.create()
                .execute(
                        LauncherDiscoveryRequestBuilder.request()
                                .selectors(selectClass(tests))
                                .build(),
                        stopwatch);
        if (samples.count() != METHODS) {
            throw new IllegalStateException(
                    samples.count() + " of " + METHODS + " methods of " + tests.getSimpleName() + " were run");
        }
    }

    /** From the start of a method to its end, with all that the extension does around it. */
    private static final class Stopwatch implements TestExecutionListener {

        private final Samples samples;
        private final Map<String, Long> started = new ConcurrentHashMap<>();

        Stopwatch(Samples samples) {
            this.samples = samples;
        }

        @Override
        public void executionStarted(TestIdentifier test) {
            started.put(test.getUniqueId(), System.nanoTime());
        }

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            result.getThrowable().ifPresent(failure -> {
                throw new IllegalStateException(test.getDisplayName() + " failed", failure);
            });
            Long start = started.remove(test.getUniqueId());
            if (test.isTest() && start != null) {
                samples.addMillisSince(start);
            }
        }
    }
}
