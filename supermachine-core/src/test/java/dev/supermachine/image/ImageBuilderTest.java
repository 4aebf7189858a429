package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.BakeException;
import dev.supermachine.Image;
import dev.supermachine.ImageException;
import dev.supermachine.OciImageBuilder;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the builder refuses at once, and the names it gives. */
class ImageBuilderTest {

    private final OciImageBuilder builder = Image.builder("postgres:16");

    @ParameterizedTest
    @CsvSource({
        "nginx:1.27-alpine, nginx_1_27-alpine",
        "postgres, postgres_latest",
        "docker.io/library/postgres:16, postgres_16",
        "ghcr.io/some/app:2, ghcr_io_some_app_2",
        "localhost:5000/app:2, localhost_5000_app_2",
        "oci-layout:/srv/images/redis.oci, redis_oci",
        "oci-layout:/srv/images/redis/, redis",
        "oci-layout:redis, redis",
        "oci-layout:redis:7, redis_7",
        "oci-archive:/srv/app.tar:1, app_tar_1",
        "oci-layout:/, image"
    })
    void theDefaultNameIsMadeFromTheReference(String reference, String name) {
        assertThat(ImageBuilder.defaultName(reference)).isEqualTo(name);
        assertThatCode(() -> builder.withName(name)).doesNotThrowAnyException();
    }

    @Test
    void aLongDefaultNameIsCutToWhatIsAllowed() {
        String name = ImageBuilder.defaultName("example.com/" + "a".repeat(100) + "@sha256:" + "0".repeat(64));
        assertThat(name).hasSize(128);
        assertThatCode(() -> builder.withName(name)).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-a", "_a", "a/b", "a b", "..", "ä"})
    void aNameOfAnotherFormIsRefused(String name) {
        refused(() -> builder.withName(name), "'" + name + "'");
    }

    @Test
    void numbersOutOfRangeAreRefused() {
        refused(() -> builder.withMemoryMib(127), "A machine's memory is 128 to 1048576 MiB, but was: 127 MiB");
        refused(() -> builder.withMemoryMib((1 << 20) + 1), "1048577 MiB");
        refused(() -> builder.withGuestPort(0), "A guest port is 1 to 65535, but was: 0");
        refused(() -> builder.withGuestPort(65536), "65536");
    }

    @Test
    void commandsAndVariablesThatNoProgramCanHaveAreRefused() {
        refused(builder::withCmd, "at least the name of a program");
        refused(() -> builder.withCmd("", "x"), "at least the name of a program");
        refused(() -> builder.withCmd("a", "b\0c"), "'b\u2400c'");
        refused(() -> builder.withEnv("", "x"), "''");
        refused(() -> builder.withEnv("A=B", "x"), "'A=B'");
        assertThatThrownBy(() -> builder.withEnv("PASSWORD", "hunter\0002"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("PASSWORD")
                .hasMessageNotContaining("hunter");
    }

    @Test
    void aTagNeedsTextAndAWarmUp() {
        refused(() -> builder.withWarmupTag(" "), "The tag of a warm-up is not blank, but was: ' '");
        assertThatThrownBy(() -> builder.withWarmupTag("v1").build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(
                        "There is a tag for a warm-up, 'v1', but no warm-up: give one with withWarmup, or leave the tag out.");
    }

    @Test
    void aWarmUpWhoseCodeCannotBeIdentifiedIsToldBeforeAnythingIsPulled() {
        assertThatThrownBy(() -> builder.withWarmup(vm -> vm.writeFile("/x", builder.toString()))
                        .build())
                .isInstanceOf(BakeException.class)
                .hasMessageContaining("ImageBuilderTest, which is not serializable")
                .hasMessageContaining("Give it a tag with withWarmupTag");
    }

    @Test
    void aReferenceThatCannotBeReadIsRefusedAtOnce() {
        assertThatThrownBy(() -> Image.builder("Not A Reference")).isInstanceOf(ImageException.class);
    }

    private static void refused(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(message);
    }
}
