package dev.supermachine.bake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.bake.CaptureTrigger.Decision;
import dev.supermachine.bake.CaptureTrigger.Observed;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CaptureTriggerTest {

    private static final boolean YES = true;
    private static final boolean NO = false;

    @Test
    void withoutAConditionTheCaptureIsTakenBeforeTheWorkloadIsExecuted() {
        for (Observed observed : everything()) {
            if (observed.readyToExec() && observed.settled() && !observed.warmupDue()) {
                assertThat(CaptureTrigger.decide(false, observed))
                        .as("%s", observed)
                        .isEqualTo(Decision.CAPTURE);
            }
            assertThat(CaptureTrigger.decide(false, observed))
                    .as("%s", observed)
                    .isNotEqualTo(observed.readyToExec() ? Decision.START_WORKLOAD : null);
        }
    }

    @Test
    void withAConditionTheWorkloadIsStartedOnceTheAgentIsReady() {
        assertThat(CaptureTrigger.decide(true, new Observed(NO, NO, NO, NO, NO, NO, NO, NO)))
                .isEqualTo(Decision.WAIT);
        assertThat(CaptureTrigger.decide(true, new Observed(YES, NO, NO, NO, NO, NO, NO, NO)))
                .isEqualTo(Decision.START_WORKLOAD);
        assertThat(CaptureTrigger.decide(true, new Observed(YES, YES, NO, NO, NO, NO, NO, NO)))
                .isEqualTo(Decision.WAIT);
    }

    @Test
    void whatIsReadySettlesBeforeTheCapture() {
        assertThat(CaptureTrigger.decide(true, new Observed(YES, YES, YES, NO, NO, NO, NO, NO)))
                .isEqualTo(Decision.SETTLE);
        assertThat(CaptureTrigger.decide(true, new Observed(YES, YES, YES, YES, NO, NO, NO, NO)))
                .isEqualTo(Decision.CAPTURE);
    }

    @Test
    void whatHasSettledIsWarmedUpAndSettlesAgain() {
        assertThat(CaptureTrigger.decide(true, new Observed(YES, YES, YES, NO, YES, NO, NO, NO)))
                .isEqualTo(Decision.SETTLE);
        assertThat(CaptureTrigger.decide(true, new Observed(YES, YES, YES, YES, YES, NO, NO, NO)))
                .isEqualTo(Decision.WARM_UP);
        assertThat(CaptureTrigger.decide(true, new Observed(YES, YES, YES, NO, NO, NO, NO, NO)))
                .isEqualTo(Decision.SETTLE);
    }

    @Test
    void withoutAConditionTheWarmUpComesBeforeTheWorkloadAndSettlesToo() {
        assertThat(CaptureTrigger.decide(false, new Observed(YES, NO, NO, YES, YES, NO, NO, NO)))
                .isEqualTo(Decision.WARM_UP);
        assertThat(CaptureTrigger.decide(false, new Observed(YES, NO, NO, NO, NO, NO, NO, NO)))
                .isEqualTo(Decision.SETTLE);
    }

    @Test
    void nothingIsCapturedThatHasNotSettledOrIsToBeWarmedUp() {
        for (Observed observed : everything()) {
            if (!observed.settled() || observed.warmupDue()) {
                for (boolean runningService : new boolean[] {YES, NO}) {
                    assertThat(CaptureTrigger.decide(runningService, observed))
                            .as("%s", observed)
                            .isNotEqualTo(Decision.CAPTURE);
                }
            }
        }
    }

    @Test
    void nothingIsWarmedUpThatIsNotReadyOrHasNotSettled() {
        for (Observed observed : everything()) {
            if (!observed.settled() || !observed.ready() || !observed.started() || !observed.warmupDue()) {
                assertThat(CaptureTrigger.decide(true, observed))
                        .as("%s", observed)
                        .isNotEqualTo(Decision.WARM_UP);
            }
        }
    }

    @Test
    void whatIsReadyCountsWhateverElseIsSeen() {
        for (Observed observed : everything()) {
            if (observed.started() && observed.ready()) {
                assertThat(CaptureTrigger.decide(true, observed))
                        .as("%s", observed)
                        .isIn(Decision.CAPTURE, Decision.WARM_UP, Decision.SETTLE);
            }
        }
    }

    @Test
    void aWorkloadThatEndsBeforeItIsReadyFailsTheBake() {
        assertThat(CaptureTrigger.decide(true, new Observed(YES, YES, NO, NO, NO, NO, YES, NO)))
                .isEqualTo(Decision.FAIL_WORKLOAD_EXITED);
    }

    @Test
    void aConditionThatHasFailedForGoodFailsTheBake() {
        assertThat(CaptureTrigger.decide(true, new Observed(YES, YES, NO, NO, NO, YES, NO, NO)))
                .isEqualTo(Decision.FAIL_UNATTAINABLE);
    }

    @Test
    void anEndedWorkloadIsTheReasonBeforeTheDeadlineAndThatBeforeAFailedCondition() {
        assertThat(CaptureTrigger.decide(true, new Observed(YES, YES, NO, NO, NO, YES, YES, YES)))
                .isEqualTo(Decision.FAIL_WORKLOAD_EXITED);
        assertThat(CaptureTrigger.decide(true, new Observed(YES, YES, NO, NO, NO, YES, NO, YES)))
                .isEqualTo(Decision.FAIL_DEADLINE);
    }

    @Test
    void theDeadlineFailsWhatIsNotReady() {
        assertThat(CaptureTrigger.decide(true, new Observed(YES, YES, NO, NO, NO, NO, NO, YES)))
                .isEqualTo(Decision.FAIL_DEADLINE);
        assertThat(CaptureTrigger.decide(false, new Observed(NO, NO, NO, NO, NO, NO, NO, YES)))
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
        for (int bits = 0; bits < 256; bits++) {
            all.add(new Observed(
                    (bits & 1) != 0,
                    (bits & 2) != 0,
                    (bits & 4) != 0,
                    (bits & 8) != 0,
                    (bits & 16) != 0,
                    (bits & 32) != 0,
                    (bits & 64) != 0,
                    (bits & 128) != 0));
        }
        return all;
    }
}
