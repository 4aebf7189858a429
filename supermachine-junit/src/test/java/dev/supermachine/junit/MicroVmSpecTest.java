package dev.supermachine.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.Vm;
import dev.supermachine.Warmup;
import dev.supermachine.settings.Settings;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;

class MicroVmSpecTest {

    @Test
    void takesEveryElementOfTheAnnotation() {
        assertThat(MicroVmSpec.of(OwnTestCase.class))
                .contains(new MicroVmSpec(
                        "own:1",
                        List.of(6379, 6380),
                        List.of(SameWaitTestCase.class
                                .getAnnotation(MicroVm.class)
                                .waitFor()),
                        "linux/arm64",
                        512,
                        2,
                        List.of("A=b", "C=d=e"),
                        List.of("serve", "now"),
                        List.of("a:/b", "c:/d"),
                        List.of("v.img:/v:64M"),
                        List.of("quiet", "panic=1"),
                        Seed.class,
                        "v1",
                        "mine",
                        "qemu-tcg",
                        true));
    }

    @Test
    void takesTheDefaults() {
        assertThat(MicroVmSpec.of(DefaultsTestCase.class))
                .contains(new MicroVmSpec(
                        "plain:1",
                        List.of(),
                        List.of(),
                        "",
                        256,
                        1,
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        Warmup.class,
                        "",
                        "",
                        "",
                        false));
    }

    @Test
    void findsTheAnnotationOfASuperclass() {
        assertThat(MicroVmSpec.of(InheritingTestCase.class)).isEqualTo(MicroVmSpec.of(OwnTestCase.class));
    }

    @Test
    void findsAComposedAnnotationAndThatOfASuperclass() {
        assertThat(MicroVmSpec.of(ComposedTestCase.class))
                .map(MicroVmSpec::image)
                .contains("composed:1");
        assertThat(MicroVmSpec.of(InheritingComposedTestCase.class))
                .map(MicroVmSpec::image)
                .contains("composed:1");
    }

    @Test
    void findsTheAnnotationOfTheNearestEnclosingClass() {
        assertThat(MicroVmSpec.of(OwnTestCase.Inner.class))
                .map(MicroVmSpec::image)
                .contains("own:1");
        assertThat(MicroVmSpec.of(OwnTestCase.Inner.Innermost.class))
                .map(MicroVmSpec::image)
                .contains("own:1");
        assertThat(MicroVmSpec.of(OwnTestCase.Other.class))
                .map(MicroVmSpec::image)
                .contains("other:1");
        assertThat(MicroVmSpec.of(OwnTestCase.Other.Innermost.class))
                .map(MicroVmSpec::image)
                .contains("other:1");
    }

    @Test
    void prefersTheNearest() {
        assertThat(MicroVmSpec.of(OverridingTestCase.class))
                .map(MicroVmSpec::image)
                .contains("nearest:1");
    }

    @Test
    void findsNothingWhereNothingIs() {
        assertThat(MicroVmSpec.of(MicroVmSpecTest.class)).isEmpty();
    }

    @Test
    void refusesAVariableWithoutValueOrName() {
        assertThatThrownBy(() -> withEnvironment("COLOUR").bake(Settings.system()))
                .isInstanceOf(ExtensionConfigurationException.class)
                .hasMessage("@MicroVm(env) expects NAME=value, but one entry has no '=': 'COLOUR'");
        assertThatThrownBy(() -> withEnvironment("=blue").bake(Settings.system()))
                .isInstanceOf(ExtensionConfigurationException.class)
                .hasMessage("@MicroVm(env) expects NAME=value, but one entry has no name");
    }

    @Test
    void refusesAWarmUpThatCannotBeMade() {
        assertThatThrownBy(() -> withWarmup(Unfinished.class, "").bake(Settings.system()))
                .isInstanceOf(ExtensionConfigurationException.class)
                .hasMessageStartingWith("@MicroVm(warmup) needs a class that can be made without parameters, such as a"
                        + " static nested class, but " + Unfinished.class.getName() + " cannot: ");
    }

    @Test
    void refusesATagWithoutAWarmUp() {
        assertThatThrownBy(() -> withWarmup(Warmup.class, "v1").bake(Settings.system()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("There is a tag for a warm-up, 'v1', but no warm-up");
    }

    private static MicroVmSpec withWarmup(Class<? extends Warmup> warmup, String tag) {
        return new MicroVmSpec(
                "any:1", List.of(), List.of(), "", 256, 1, List.of(), List.of(), List.of(), List.of(), List.of(),
                warmup, tag, "", "", false);
    }

    private static class Seed implements Warmup {

        private static final long serialVersionUID = 1L;

        @Override
        public void run(Vm vm) {
            vm.writeFile("/seed", "seeded");
        }
    }

    private abstract static class Unfinished implements Warmup {

        private static final long serialVersionUID = 1L;
    }

    private static MicroVmSpec withEnvironment(String variable) {
        return spec(List.of("GOOD=1", variable), List.of(), List.of());
    }

    @Test
    void refusesAnExtraFileWithoutBothPaths() {
        for (String file : List.of("", "only-here", "/only/there", ":/no/host", "host:relative")) {
            assertThatThrownBy(() ->
                            spec(List.of(), List.of("a:/b", file), List.of()).bake(Settings.system()))
                    .isInstanceOf(ExtensionConfigurationException.class)
                    .hasMessage(
                            "@MicroVm(extraFiles) expects HOST:GUEST, a path of this host and an absolute one in the"
                                    + " machine, but one entry is: '" + file + "'");
        }
    }

    @Test
    void givesEverythingElseToTheBuilderWhichRefusesIt() {
        assertThatThrownBy(
                        () -> spec(List.of(), List.of("a:b:/c/../d"), List.of()).bake(Settings.system()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'/c/../d'");
        assertThatThrownBy(
                        () -> spec(List.of(), List.of(), List.of("two tokens")).bake(Settings.system()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'two tokens'");
        assertThatThrownBy(() -> Specs.plain("any:1", 256, 9).bake(Settings.system()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1 to 8, but was: 9");
    }

    private static MicroVmSpec spec(List<String> env, List<String> extraFiles, List<String> kernelArgs) {
        return new MicroVmSpec(
                "any:1",
                List.of(),
                List.of(),
                "",
                256,
                1,
                env,
                List.of(),
                extraFiles,
                List.of(),
                kernelArgs,
                Warmup.class,
                "",
                "",
                "",
                false);
    }

    @MicroVm(
            image = "own:1",
            port = {6379, 6380},
            waitFor = @WaitFor(log = "ready"),
            platform = "linux/arm64",
            memoryMib = 512,
            vcpus = 2,
            env = {"A=b", "C=d=e"},
            cmd = {"serve", "now"},
            extraFiles = {"a:/b", "c:/d"},
            volumes = "v.img:/v:64M",
            kernelArgs = {"quiet", "panic=1"},
            warmup = Seed.class,
            warmupTag = "v1",
            name = "mine",
            engine = "qemu-tcg",
            disabledWithoutEngine = true)
    static class OwnTestCase {

        @Nested
        class Inner {

            @Nested
            class Innermost {}
        }

        @Nested
        @MicroVm(image = "other:1")
        class Other {

            @Nested
            class Innermost {}
        }
    }

    @MicroVm(image = "any:1", waitFor = @WaitFor(log = "ready"))
    static class SameWaitTestCase {}

    @MicroVm(image = "plain:1")
    static class DefaultsTestCase {}

    static class InheritingTestCase extends OwnTestCase {}

    @MicroVm(image = "nearest:1")
    static class OverridingTestCase extends OwnTestCase {}

    @Target(ElementType.TYPE)
    @Retention(RetentionPolicy.RUNTIME)
    @MicroVm(image = "composed:1", port = 80)
    @interface OnComposed {}

    @OnComposed
    static class ComposedTestCase {}

    static class InheritingComposedTestCase extends ComposedTestCase {}
}
