package dev.supermachine.junit;

import dev.supermachine.EngineException;
import dev.supermachine.Vm;
import dev.supermachine.engine.EngineSelector;
import dev.supermachine.settings.SettingDefinition;
import dev.supermachine.settings.Settings;
import java.lang.reflect.Constructor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;

/** The machinery behind {@link MicroVm}, which registers it. Holds no state of its own; thread-safe. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class MicroVmExtension implements ExecutionCondition, ParameterResolver, AfterEachCallback {

    private static final Namespace NAMESPACE = Namespace.create(MicroVmExtension.class);
    private static final String MACHINE = "machine";

    /** Called by JUnit. */
    public MicroVmExtension() {}

    /** Skips the class if it wants to be skipped without an engine and there is none. */
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        Optional<MicroVmSpec> spec = context.getTestClass().flatMap(MicroVmSpec::of);
        if (spec.isEmpty() || !spec.get().disabledWithoutEngine()) {
            return ConditionEvaluationResult.enabled("@MicroVm does not ask to be skipped");
        }
        String engine = spec.get().engine();
        try {
            String id = EngineSelector.select(
                            engine.isEmpty()
                                    ? SharedPool.settings(parameters(context))
                                            .engine()
                                            .orElse(null)
                                    : engine)
                    .id();
            return ConditionEvaluationResult.enabled("The engine " + id + " is usable");
        } catch (EngineException e) {
            return ConditionEvaluationResult.disabled(e.getMessage());
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Vm.class;
    }

    /**
     * The machine of the test method, restored when it is first asked for.
     *
     * @throws ParameterResolutionException outside a test method, or without {@link MicroVm} on the class
     */
    @Override
    public Vm resolveParameter(ParameterContext parameter, ExtensionContext context) {
        if (context.getTestMethod().isEmpty() || parameter.getDeclaringExecutable() instanceof Constructor) {
            throw new ParameterResolutionException(
                    "Each test method has a machine of its own, so there is none for "
                            + parameter.getDeclaringExecutable()
                            + ", which runs outside of one. Take the Vm as a parameter of the test method or of a @BeforeEach method.");
        }
        Class<?> testClass = context.getRequiredTestClass();
        MicroVmSpec spec = MicroVmSpec.of(testClass)
                .orElseThrow(() -> new ParameterResolutionException("A parameter of type Vm needs @MicroVm on "
                        + testClass.getName() + ", one of its superclasses or an enclosing class."));
        return kept(context.getStore(NAMESPACE), MACHINE, key -> new MethodMachine(), MethodMachine.class)
                .get(pool(context, spec));
    }

    /** Gives the machine back; if the test failed, what it leaves behind is reported first. */
    @Override
    public void afterEach(ExtensionContext context) {
        MethodMachine machine = context.getStore(NAMESPACE).remove(MACHINE, MethodMachine.class);
        if (machine == null || machine.vm == null) {
            return;
        }
        try (Vm vm = machine.vm) {
            Optional<Throwable> failure = context.getExecutionException();
            if (failure.isPresent()) {
                new FailedTest(vm, failure.get(), context::publishReportEntry)
                        .report(SharedPool.settings(parameters(context)).keepOnFailure());
            }
        }
    }

    private static SharedPool pool(ExtensionContext context, MicroVmSpec spec) {
        return kept(
                SessionStore.of(context, NAMESPACE),
                new SharedPool.Key(spec, parameters(context)),
                SharedPool::new,
                SharedPool.class);
    }

    /** What the store has under a key, made first if it has nothing. JUnit 6 types it as possibly null. */
    @SuppressWarnings("deprecation") // what replaces it came with JUnit 6.0
    private static <K, V> V kept(Store store, K key, Function<K, V> create, Class<V> type) {
        return Objects.requireNonNull(store.getOrComputeIfAbsent(key, create, type));
    }

    /** Copied, because the pool outlives the context, and because runs of one session may have different ones. */
    private static Map<String, String> parameters(ExtensionContext context) {
        Map<String, String> parameters = new LinkedHashMap<>();
        for (SettingDefinition setting : Settings.all()) {
            context.getConfigurationParameter(setting.key()).ifPresent(value -> parameters.put(setting.key(), value));
        }
        return parameters;
    }

    /** The machine of one test method, once somebody has asked for it. Used by the method's own thread. */
    private static final class MethodMachine {

        private @Nullable Vm vm;

        Vm get(SharedPool pool) {
            if (vm == null) {
                vm = pool.acquire();
            }
            return vm;
        }
    }
}
