package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class OccupancyTest {

    private final Occupancy occupancy = new Occupancy();

    @Test
    void isEmptyAtOnceIfNobodyIsInside() {
        assertThat(occupancy.enter()).isTrue();
        occupancy.leave();
        assertThat(occupancy.close()).isCompleted();
        assertThat(occupancy.enter()).isFalse();
    }

    @Test
    void isEmptyWhenTheLastOfThoseInsideHasLeft() {
        assertThat(occupancy.enter()).isTrue();
        assertThat(occupancy.enter()).isTrue();
        CompletableFuture<Void> empty = occupancy.close();
        assertThat(occupancy.enter()).as("once closed").isFalse();
        occupancy.leave();
        assertThat(empty).isNotDone();
        assertThat(occupancy.close()).isSameAs(empty);
        occupancy.leave();
        assertThat(empty).isCompleted();
    }
}
