package dev.supermachine.bake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.BakeException;
import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import dev.supermachine.Wait;
import dev.supermachine.Warmup;
import dev.supermachine.oci.ImageSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class WarmupPlanTest {

    private static final MachineLender NOBODY = (image, name, machine, guest, use) -> {
        throw new AssertionError("nothing is lent");
    };

    @Test
    void theTagIsWhatItIsKnownByWhateverTheCode() {
        Object notSerializable = new Object();
        assertThat(plan(vm -> vm.writeFile("/x", notSerializable.toString()), Optional.of("v1"))
                        .identity())
                .containsExactly("tag", "v1");
    }

    @Test
    void withoutATagItIsTheHashOfTheCode() {
        assertThat(plan(vm -> vm.exec("true"), Optional.empty()).identity())
                .hasSize(2)
                .startsWith("code")
                .last()
                .asString()
                .matches("[0-9a-f]{64}");
    }

    @Test
    void codeThatCannotBeIdentifiedNeedsATag() {
        Object notSerializable = new Object();
        assertThatThrownBy(() -> plan(vm -> vm.writeFile("/x", notSerializable.toString()), Optional.empty()))
                .isInstanceOf(BakeException.class)
                .hasMessageStartingWith(
                        "It cannot be told whether the warm-up of 'app' from app:1 has changed since"
                                + " an earlier bake: it has captured, or has in a field, an object of the class java.lang.Object, which")
                .hasMessageEndingWith("). Give it a tag with withWarmupTag, and another one whenever you change it.");
    }

    @Test
    void theServiceOfAnImageIsAwaited() {
        assertThat(WarmupPlan.readiness(request(80), List.of())).isEmpty();
        assertThat(WarmupPlan.readiness(request(80), List.of(5432))).contains(Wait.forListener(5432));
        assertThat(WarmupPlan.readiness(request(80), List.of(80, 443))).contains(Wait.forListener());
    }

    @Test
    void whichOfSeveralPortsIsTheServiceIsAsked() {
        assertThatThrownBy(() -> WarmupPlan.readiness(request(80), List.of(5671, 5672)))
                .isInstanceOf(BakeException.class)
                .hasMessage(
                        "The warm-up of 'app' waits until the service of app:1 listens, but the image names several"
                                + " ports: [5671, 5672]. Say which one it is with withGuestPort, or what to wait for with withWait.");
    }

    private static WarmupPlan plan(Warmup warmup, Optional<String> tag) {
        return WarmupPlan.of("app", "app:1", warmup, tag, NOBODY);
    }

    private static BakeRequest request(int port) {
        return new BakeRequest(
                "app",
                "app:1",
                ImageSource.of("app:1"),
                Platform.LINUX_AMD64,
                PullPolicy.NEVER,
                128,
                1,
                port,
                Optional.empty(),
                List.of(),
                Map.of(),
                List.of(),
                Map.of(),
                Optional.empty());
    }
}
