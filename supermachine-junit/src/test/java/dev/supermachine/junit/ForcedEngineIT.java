package dev.supermachine.junit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Vm;
import dev.supermachine.engine.Availability;
import dev.supermachine.engine.EngineSelector;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An engine that is asked for and cannot run here is a failure in the words of its probe, and never another engine. */
@Timeout(120)
class ForcedEngineIT {

    private String message = "";
    private boolean usable;

    @BeforeEach
    void findOutWhy() {
        Availability kvm = EngineSelector.engines().stream()
                .filter(engine -> engine.id().equals("kvm"))
                .findFirst()
                .orElseThrow()
                .probe();
        usable = kvm.usable();
        message = "Engine kvm was asked for, but cannot be used here: " + kvm.reason();
    }

    @Test
    void byTheAnnotation() {
        if (usable) {
            assertThat(EngineSelector.select("kvm").id()).isEqualTo("kvm");
            return;
        }
        assertThat(Runs.messages(Runs.run(AnnotatedTestCase.class)))
                .singleElement()
                .asString()
                .contains(message);
    }

    @Test
    void byTheSetting() {
        if (usable) {
            assertThat(EngineSelector.select("kvm").id()).isEqualTo("kvm");
            return;
        }
        assertThat(Runs.messages(Runs.run(Map.of("supermachine.engine", "kvm"), AnyEngineTestCase.class)))
                .singleElement()
                .asString()
                .contains(message);
    }

    @MicroVm(image = "never:1", engine = "kvm")
    static final class AnnotatedTestCase {

        @Test
        void wantsAMachine(Vm vm) {
            assertThat(vm).isNotNull();
        }
    }

    @MicroVm(image = "never:1")
    static final class AnyEngineTestCase {

        @Test
        void wantsAMachine(Vm vm) {
            assertThat(vm).isNotNull();
        }
    }
}
