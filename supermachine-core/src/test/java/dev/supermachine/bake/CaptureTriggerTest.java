package dev.supermachine.bake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.bake.CaptureTrigger.Decision;
import dev.supermachine.bake.CaptureTrigger.Observed;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CaptureTriggerTest {

    @Test
    void withoutListenerTheCaptureIsTakenBeforeTheWorkloadIsExecuted() {
        assertThat(CaptureTrigger.decide(false, new Observed(true, false, false, false, false)))
                .isEqualTo(Decision.CAPTURE);
    }

    @Test
    void withoutListenerTheWorkloadIsNeverStarted() {
        for (Observed observed : everything()) {
            if (observed.readyToExec()) {
                assertThat(CaptureTrigger.decide(false, observed))
                        .as("%s", observed)
                        .isEqualTo(Decision.CAPTURE);
            }
        }
    }

    @Test
    void withListenerTheWorkloadIsStartedOnceTheAgentIsReady() {
        assertThat(CaptureTrigger.decide(true, new Observed(false, false, false, false, false)))
                .isEqualTo(Decision.WAIT);
        assertThat(CaptureTrigger.decide(true, new Observed(true, false, false, false, false)))
                .isEqualTo(Decision.START_WORKLOAD);
        assertThat(CaptureTrigger.decide(true, new Observed(true, true, false, false, false)))
                .isEqualTo(Decision.WAIT);
        assertThat(CaptureTrigger.decide(true, new Observed(true, true, true, false, false)))
                .isEqualTo(Decision.CAPTURE);
    }

    @Test
    void aListenerLeftByAWorkloadThatEndedCounts() {
        assertThat(CaptureTrigger.decide(true, new Observed(true, true, true, true, false)))
                .isEqualTo(Decision.CAPTURE);
    }

    @Test
    void aWorkloadThatEndsWithoutAListenerFailsTheBake() {
        assertThat(CaptureTrigger.decide(true, new Observed(true, true, false, true, false)))
                .isEqualTo(Decision.FAIL_WORKLOAD_EXITED);
    }

    @Test
    void theDeadlineFailsWhatIsNotReady() {
        assertThat(CaptureTrigger.decide(true, new Observed(true, true, false, false, true)))
                .isEqualTo(Decision.FAIL_DEADLINE);
        assertThat(CaptureTrigger.decide(false, new Observed(false, false, false, false, true)))
                .isEqualTo(Decision.FAIL_DEADLINE);
    }

    @Test
    void afterTheDeadlineNothingWaitsOrStarts() {
        for (Observed observed : everything()) {
            if (observed.deadlinePassed()) {
                assertThat(CaptureTrigger.decide(true, observed))
                        .as("%s", observed)
                        .isNotIn(Decision.WAIT, Decision.START_WORKLOAD);
            }
        }
    }

    private static List<Observed> everything() {
        List<Observed> all = new ArrayList<>();
        for (int bits = 0; bits < 32; bits++) {
            all.add(new Observed((bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0, (bits & 16) != 0));
        }
        return all;
    }
}
