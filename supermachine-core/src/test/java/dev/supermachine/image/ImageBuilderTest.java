package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.supermachine.BakeException;
import dev.supermachine.Image;
import dev.supermachine.ImageException;
import dev.supermachine.OciImageBuilder;
import dev.supermachine.SupermachineException;
import dev.supermachine.bake.BakeRequest;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

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
        refused(() -> builder.withVcpus(0), "The number of virtual CPUs is 1 to 8, but was: 0");
        refused(() -> builder.withVcpus(9), "The number of virtual CPUs is 1 to 8, but was: 9");
    }

    @Test
    void platformsThatMachinesDoNotRunAreRefused() {
        refused(() -> builder.withPlatform("arm64"), "A platform is written os/architecture[/variant]");
        refused(() -> builder.withPlatform("windows/amd64"), "but the platform was: 'windows/amd64'");
        refused(
                () -> builder.withPlatform("linux/loong64"),
                "Machines run images for linux/amd64, linux/386, linux/arm64, linux/arm, linux/riscv64, linux/ppc64le, linux/s390x, but the platform was: 'linux/loong64'");
        refused(() -> builder.withPlatform("linux/arm\n64"), "'linux/arm\u240a64'");
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
    void moreProcessorsThanThereAreAreSaid() {
        BakeRequest request = ((ImageBuilder) builder.withVcpus(4)).request();
        assertThat(ImageBuilder.manyProcessors(request, 4)).isEmpty();
        assertThat(ImageBuilder.manyProcessors(request, 2))
                .contains(
                        "The machines of 'postgres_16' have 4 virtual CPUs, but this JVM has 2 processors: they take turns,"
                                + " which costs more than it gains. Ask for at most 2 with withVcpus.");
    }

    @Test
    void moreProcessorsThanThereAreAreWarnedOfAndNotRefused() {
        Logger logger = (Logger) LoggerFactory.getLogger(ImageBuilder.class);
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.addAppender(log);
        try {
            int count = Math.min(Runtime.getRuntime().availableProcessors() + 1, OciImageBuilder.MAX_VCPUS);
            boolean many = count > Runtime.getRuntime().availableProcessors();
            OciImageBuilder without = Image.builder("oci-layout:missing").withEngine("none");
            assertThatThrownBy(() -> without.withVcpus(1).build()).isInstanceOf(SupermachineException.class);
            assertThat(log.list).isEmpty();
            assertThatThrownBy(() -> without.withVcpus(count).build()).isInstanceOf(SupermachineException.class);
            assertThat(log.list).hasSize(many ? 1 : 0).allMatch(event -> event.getLevel() == Level.WARN);
        } finally {
            logger.detachAppender(log);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a b", "a\tb", "a\n", "a\0", "\"a b\"", "a='b'", "ä", "a\u007f", "\u00a0"})
    void aKernelArgumentThatIsNoTokenIsRefused(String argument) {
        refused(
                () -> builder.withExtraKernelArg(argument),
                "A kernel argument is one token of printable ASCII characters, without white space and quotation marks, but was: '");
    }

    @Test
    void controlCharactersOfARefusedArgumentAreShownAsSymbols() {
        refused(() -> builder.withExtraKernelArg("a\nb\u007f"), "but was: 'a\u240ab\u2421'. Give each token in a call");
    }

    @Test
    void kernelArgumentsThatTheKernelWouldCutAreRefused() {
        builder.withExtraKernelArg("a".repeat(1000)).withExtraKernelArg("b".repeat(499));
        refused(
                () -> builder.withExtraKernelArg("c"),
                "All kernel arguments together may have 1500 characters, since the kernel drops what is too long, but with 'c' they would have 1502.");
    }

    @ParameterizedTest
    @CsvSource({
        "/, the root itself cannot be replaced",
        "'', it is not absolute. Begin it with a slash.",
        "etc/x, it is not absolute",
        "/etc/../x, it has '..' in it. Write it without",
        "/.., it has '..' in it",
        "/./x, it has '.' in it",
        "//x, it has an empty name in it",
        "/x/, it has an empty name in it"
    })
    void aPathThatIsNoneIsRefused(String guest, String why) {
        refused(
                () -> builder.withExtraFile(Path.of("x"), guest),
                "An extra file cannot be put at '" + guest + "' in the machine: " + why);
    }

    @Test
    void aPathThatLinuxCannotHaveIsRefused() {
        Path file = Path.of("x");
        refused(() -> builder.withExtraFile(file, "/a\0b"), "'/a\u2400b' in the machine: it has a NUL.");
        refused(() -> builder.withExtraFile(file, "/" + "ä".repeat(128)), "is longer than 255 bytes");
        refused(() -> builder.withExtraFile(file, "/abc".repeat(1024)), "it is longer than 4095 bytes");
        refused(() -> builder.withExtraFile(file, "/\ud800"), "half a character");
        assertThatCode(() -> builder.withExtraFile(file, "/" + "ä".repeat(127) + "/..x/.y"))
                .doesNotThrowAnyException();
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
