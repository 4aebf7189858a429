package dev.supermachine.junit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.EngineException;
import dev.supermachine.Vm;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.testkit.engine.EngineExecutionResults;

/** What the extension says where there is no machine to give. */
class MicroVmExtensionTest {

    private static final String NO_ENGINE = "There is no engine 'sundial'. There are: kvm, qemu-kvm, qemu-tcg.";

    @Test
    void explainsThatThereIsNoMachineBeforeAllTests() {
        assertThat(Runs.messages(Runs.run(BeforeAllTestCase.class)))
                .singleElement()
                .asString()
                .contains("Each test method has a machine of its own, so there is none for static void "
                        + BeforeAllTestCase.class.getName()
                        + ".prepare(dev.supermachine.Vm), which runs outside of one."
                        + " Take the Vm as a parameter of the test method or of a @BeforeEach method.");
    }

    @Test
    void explainsThatThereIsNoMachineAfterAllTests() {
        EngineExecutionResults results = Runs.run(AfterAllTestCase.class);

        assertThat(results.testEvents().succeeded().count()).isOne();
        assertThat(Runs.messages(results))
                .singleElement()
                .asString()
                .contains("so there is none for static void")
                .contains("Take the Vm as a parameter of the test method or of a @BeforeEach method.");
    }

    @Test
    void explainsThatThereIsNoMachineForAConstructor() {
        assertThat(Runs.messages(Runs.run(ConstructorTestCase.class)))
                .singleElement()
                .asString()
                .contains("so there is none for " + ConstructorTestCase.class.getName() + "(dev.supermachine.Vm)")
                .contains("Take the Vm as a parameter of the test method or of a @BeforeEach method.");
    }

    @Test
    void refusesAConstructorEvenWhereItBelongsToOneTest() {
        EngineExecutionResults results = Runs.run(
                Map.of("junit.jupiter.extensions.testinstantiation.extensioncontextscope.default", "test_method"),
                ConstructorTestCase.class);

        assertThat(Runs.messages(results)).singleElement().asString().contains("so there is none for");
    }

    @Test
    void asksForTheAnnotation() {
        assertThat(Runs.messages(Runs.run(NotAnnotatedTestCase.class)))
                .singleElement()
                .asString()
                .contains("A parameter of type Vm needs @MicroVm on " + NotAnnotatedTestCase.class.getName()
                        + ", one of its superclasses or an enclosing class.");
    }

    @Test
    void failsEveryTestWithTheReasonWithoutTheEngine() {
        EngineExecutionResults results = Runs.run(NoEngineTestCase.class);

        assertThat(Runs.messages(results))
                .hasSize(2)
                .allSatisfy(message -> assertThat(message).contains(NO_ENGINE));
        assertThat(Runs.failures(results))
                .allSatisfy(failure -> assertThat(failure).hasCauseInstanceOf(EngineException.class));
        assertThat(results.testEvents().succeeded().count())
                .as("the test that needs no machine runs")
                .isOne();
    }

    @Test
    void skipsWithTheReasonWithoutTheEngineIfAsked() {
        EngineExecutionResults results = Runs.run(SkippedWithoutEngineTestCase.class);

        assertThat(results.testEvents().started().count()).isZero();
        assertThat(results.containerEvents().skipped().map(event -> event.getRequiredPayload(String.class)))
                .singleElement()
                .asString()
                .contains(NO_ENGINE);
    }

    @Test
    void takesTheEngineFromAConfigurationParameter() {
        Map<String, String> parameters = Map.of("supermachine.engine", "abacus");

        assertThat(Runs.messages(Runs.run(parameters, AnyEngineTestCase.class)))
                .singleElement()
                .asString()
                .contains("There is no engine 'abacus'.");
        assertThat(Runs.run(parameters, SkippedWithoutAnyEngineTestCase.class)
                        .containerEvents()
                        .skipped()
                        .map(event -> event.getRequiredPayload(String.class)))
                .singleElement()
                .asString()
                .contains("There is no engine 'abacus'.");
    }

    @Test
    void doesNotMixRunsOfOneSessionThatHaveOtherParameters() {
        List<String> messages = new ArrayList<>();
        try (LauncherSession session = Runs.openSession()) {
            for (String engine : List.of("abacus", "slide-rule")) {
                SummaryGeneratingListener listener = new SummaryGeneratingListener();
                session.getLauncher()
                        .execute(
                                Runs.request(Map.of("supermachine.engine", engine), AnyEngineTestCase.class), listener);
                listener.getSummary()
                        .getFailures()
                        .forEach(failure -> messages.add(failure.getException().getMessage()));
            }
        }

        assertThat(messages).hasSize(2);
        assertThat(messages.get(0)).contains("There is no engine 'abacus'.");
        assertThat(messages.get(1)).contains("There is no engine 'slide-rule'.");
    }

    @ParameterizedTest
    @CsvSource({"supermachine.snapshots.dir, snapshots", "supermachine.acquire.timeout, soon"})
    void namesTheConfigurationParameterThatIsWrongBeforeAnythingIsBaked(String parameter, String value) {
        assertThat(Runs.messages(Runs.run(Map.of(parameter, value), AnyEngineTestCase.class)))
                .singleElement()
                .asString()
                .contains("configuration parameter " + parameter)
                .contains("'" + value + "'");
    }

    @Test
    void leavesTestsWithoutAMachineAlone() {
        EngineExecutionResults results = Runs.run(WithoutMachineTestCase.class);

        assertThat(results.testEvents()
                        .finished()
                        .map(event -> event.getRequiredPayload(TestExecutionResult.class)
                                .getStatus()))
                .containsExactly(TestExecutionResult.Status.SUCCESSFUL);
    }

    @MicroVm(image = "never:1", engine = "sundial")
    static class BeforeAllTestCase {

        @BeforeAll
        static void prepare(Vm vm) {
            vm.exec("true");
        }

        @Test
        void neverRuns() {}
    }

    @MicroVm(image = "never:1", engine = "sundial")
    static class AfterAllTestCase {

        @Test
        void runs() {}

        @AfterAll
        static void tidy(Vm vm) {
            vm.exec("true");
        }
    }

    @MicroVm(image = "never:1", engine = "sundial")
    static class ConstructorTestCase {

        private final Vm vm;

        ConstructorTestCase(Vm vm) {
            this.vm = vm;
        }

        @Test
        void neverRuns() {
            vm.exec("true");
        }
    }

    @ExtendWith(MicroVmExtension.class)
    static class NotAnnotatedTestCase {

        @Test
        void wantsAMachine(Vm vm) {
            vm.exec("true");
        }
    }

    @MicroVm(image = "never:1", engine = "sundial")
    static class NoEngineTestCase {

        @Test
        void wantsAMachine(Vm vm) {
            vm.exec("true");
        }

        @Test
        void wantsOneToo(Vm vm) {
            vm.exec("true");
        }

        @Test
        void wantsNone() {}
    }

    @MicroVm(image = "never:1", engine = "sundial", disabledWithoutEngine = true)
    static class SkippedWithoutEngineTestCase {

        @Test
        void wantsAMachine(Vm vm) {
            vm.exec("true");
        }
    }

    @MicroVm(image = "never:1")
    static class AnyEngineTestCase {

        @Test
        void wantsAMachine(Vm vm) {
            vm.exec("true");
        }
    }

    @MicroVm(image = "never:1", disabledWithoutEngine = true)
    static class SkippedWithoutAnyEngineTestCase {

        @Test
        void wantsAMachine(Vm vm) {
            vm.exec("true");
        }
    }

    @MicroVm(image = "never:1", engine = "sundial")
    static class WithoutMachineTestCase {

        @Test
        void wantsNone() {}
    }
}
