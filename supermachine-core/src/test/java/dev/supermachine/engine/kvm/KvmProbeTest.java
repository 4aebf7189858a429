package dev.supermachine.engine.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.engine.kvm.KvmVerdict.Trial;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class KvmProbeTest {

    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Trial FINISHED = new Trial.Finished(Duration.ofMillis(1), "model");

    private final CountDownLatch over = new CountDownLatch(1);

    @AfterEach
    void letGo() {
        over.countDown();
    }

    @Test
    void aTrialThatEndsIsWhatItIs() {
        assertThat(KvmProbe.within(LONG, () -> FINISHED)).isEqualTo(FINISHED);
    }

    @Test
    void aTrialThatNeverReturnsIsLeftAlone() {
        assertThat(KvmProbe.within(Duration.ofMillis(1), () -> {
                    over.await();
                    return FINISHED;
                }))
                .isEqualTo(new Trial.Stuck(Duration.ofMillis(1)));
    }

    @Test
    void aTrialThatFailsIsARefusal() {
        assertThat(KvmProbe.within(LONG, () -> {
                    throw new UnsatisfiedLinkError("no libc");
                }))
                .isEqualTo(new Trial.Refused("java.lang.UnsatisfiedLinkError: no libc"));
    }

    @Test
    void anInterruptEndsTheWaitAndStays() {
        Thread.currentThread().interrupt();
        Trial trial = KvmProbe.within(LONG, () -> {
            over.await();
            return FINISHED;
        });
        assertThat(Thread.interrupted()).isTrue();
        assertThat(trial).isEqualTo(new Trial.Refused("the thread that asked was interrupted"));
    }
}
