package dev.supermachine.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.supermachine.MachineException;
import dev.supermachine.Vm;
import dev.supermachine.junit.Runs.Published;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.testkit.engine.EngineExecutionResults;

/** Fixtures that JUnit runs, with real guests. */
class MicroVmExtensionIT {

    @BeforeAll
    static void requireRegistry() {
        Guests.requireRegistry();
    }

    @AfterEach
    void leavesNoMachine() {
        Guests.awaitNoProcess();
    }

    @Test
    @Tag("smoke")
    void givesEachInvocationOneMachineOfItsOwn() {
        EngineExecutionResults results = Runs.run(LifeCycleTestCase.class);

        assertThat(Runs.failures(results)).isEmpty();
        Map<String, List<String>> machines = Runs.published(results).stream()
                .collect(Collectors.groupingBy(
                        Published::test, Collectors.mapping(entry -> entry.get("machine"), Collectors.toList())));
        assertThat(machines)
                .as("two methods, two repetitions, two arguments, and one method of the nested class")
                .hasSize(7);
        assertThat(machines.values())
                .as("before, in and after the test it is the same")
                .allSatisfy(names ->
                        assertThat(names).hasSize(3).containsOnly(names.get(0)).doesNotContain(""));
        assertThat(machines.values().stream().map(names -> names.get(0)))
                .as("and another one for each test")
                .doesNotHaveDuplicates();
    }

    @Test
    void givesParallelTestsMachinesOfTheirOwn() {
        EngineExecutionResults results = Runs.run(
                Map.of(
                        "junit.jupiter.execution.parallel.enabled", "true",
                        "junit.jupiter.execution.parallel.mode.default", "concurrent",
                        "junit.jupiter.execution.parallel.config.strategy", "fixed",
                        "junit.jupiter.execution.parallel.config.fixed.parallelism", "4"),
                ParallelTestCase.class);

        assertThat(Runs.failures(results)).isEmpty();
        List<Published> published = Runs.published(results);
        assertThat(published).hasSize(10);
        assertThat(published.stream().map(entry -> entry.get("machine"))).doesNotHaveDuplicates();
        Set<String> threads =
                published.stream().map(entry -> entry.get("thread")).collect(Collectors.toSet());
        assertThat(threads).as("the threads that ran tests").hasSizeGreaterThan(1);
    }

    @Test
    @Tag("smoke")
    void publishesConsoleAndLogOfTheMachineOfAFailedTest() {
        EngineExecutionResults results = Runs.run(FailingTestCase.class);

        assertThat(Runs.messages(results)).containsExactlyInAnyOrder("fails by intent", "fails afterwards");
        List<Published> evidence = Runs.published(results).stream()
                .filter(entry -> entry.values().containsKey("console"))
                .toList();
        assertThat(evidence).as("of both failed tests, not of the other one").hasSize(2);
        assertThat(evidence).allSatisfy(entry -> {
            assertThat(entry.get("log")).contains("the workload says hello");
            assertThat(entry.get("console")).isNotBlank();
            assertThat(entry.get("machine")).isNotBlank();
        });
        assertThat(Runs.failures(results))
                .as("for tools that show no report entries")
                .allSatisfy(failure -> assertThat(failure.getSuppressed())
                        .singleElement()
                        .satisfies(notice -> assertThat(notice)
                                .hasMessageStartingWith("The machine '")
                                .hasMessageContaining(
                                        "' when the test failed:\nThe workload's output ends with:\nthe workload says hello")
                                .hasMessageContaining("\nThe guest's console ")));
    }

    @Test
    void tellsTheStoryOfAMachineThatDiedOnce() {
        EngineExecutionResults results = Runs.run(DyingTestCase.class);

        assertThat(Runs.failures(results)).hasSize(2);
        assertThat(Runs.failures(results).stream()
                        .filter(failure -> failure instanceof MachineException)
                        .toList())
                .as("the one that was told")
                .singleElement()
                .satisfies(failure ->
                        assertThat(failure).hasMessageContaining("Kernel panic").hasNoSuppressedExceptions());
        assertThat(Runs.failures(results).stream()
                        .filter(failure -> failure instanceof AssertionError)
                        .toList())
                .as("the one that was not")
                .singleElement()
                .satisfies(failure -> assertThat(failure.getSuppressed()[0])
                        .hasMessageContaining("' cannot be asked any more. ")
                        .hasMessageContaining("Kernel panic"));
        assertThat(Runs.published(results))
                .hasSize(2)
                .allSatisfy(entry -> assertThat(entry.get("failure")).contains("Kernel panic"));
    }

    @Test
    void reportsTheFailureEvenIfTheTestHasClosedItsMachine() {
        EngineExecutionResults results = Runs.run(ClosingTestCase.class);

        assertThat(Runs.messages(results)).containsExactly("fails by intent");
        assertThat(Runs.published(results)).hasSize(1);
    }

    @Test
    void endsTheMachinesWithTheRun() {
        EngineExecutionResults results = Runs.run(CountingTestCase.class);

        assertThat(Runs.failures(results)).isEmpty();
        assertThat(Runs.published(results))
                .singleElement()
                .satisfies(entry ->
                        assertThat(Integer.parseInt(entry.get("processes"))).isPositive());
        Guests.awaitNoProcess();
    }

    @Test
    void givesAMachineItsProcessorsKernelArgumentsAndExtraFiles() {
        EngineExecutionResults results = Runs.run(EquippedTestCase.class);

        assertThat(Runs.failures(results)).isEmpty();
        assertThat(results.testEvents().succeeded().count()).isEqualTo(1);
    }

    @Test
    void takesAComposedAnnotationWithAServiceThatListens() {
        EngineExecutionResults results = Runs.run(RedisTestCase.class);

        assertThat(Runs.failures(results)).isEmpty();
        assertThat(results.testEvents().succeeded().count()).isEqualTo(3);
    }

    @MicroVm(
            image = Guests.BUSYBOX,
            cmd = {"sleep", "1000"},
            memoryMib = Guests.MEMORY_MIB,
            vcpus = 2,
            kernelArgs = "panic=7",
            extraFiles = {"pom.xml:/srv/pom.xml", "src/main/java:/srv/sources"},
            volumes = "target/equipped.img:/srv/data:16M")
    static class EquippedTestCase {

        @Test
        void hasThemAll(Vm vm) throws IOException {
            assertThat(vm.exec("nproc").stdoutText()).isEqualTo("2\n");
            assertThat(vm.exec("cat", "/proc/sys/kernel/panic").stdoutText()).isEqualTo("7\n");
            assertThat(vm.exec("cat", "/srv/pom.xml").stdoutText()).isEqualTo(Files.readString(Path.of("pom.xml")));
            assertThat(vm.exec("test", "-f", "/srv/sources/module-info.java").success())
                    .isTrue();
            assertThat(vm.exec("sh", "-c", "grep -c ' /srv/data ext4 rw' /proc/mounts; echo x >/srv/data/x")
                            .stdoutText())
                    .isEqualTo("1\n");
            assertThat(Files.size(Path.of("target/equipped.img"))).isEqualTo(16 << 20);
        }
    }

    @MicroVm(
            image = Guests.BUSYBOX,
            cmd = {"sleep", "1000"},
            memoryMib = Guests.MEMORY_MIB)
    static class LifeCycleTestCase {

        @BeforeEach
        void before(Vm vm, TestReporter reporter) {
            assertThat(vm.exec("test", "-e", "/tmp/mark").exitStatus())
                    .as("the machine %s is pristine", vm.name())
                    .isEqualTo(1);
            vm.writeFile("/tmp/mark", vm.name());
            reporter.publishEntry("machine", vm.name());
        }

        @AfterEach
        void after(Vm vm, TestReporter reporter) {
            assertThat(vm.readText("/tmp/mark")).isEqualTo(vm.name() + " tested");
            reporter.publishEntry("machine", vm.name());
        }

        @Test
        void first(Vm vm, TestReporter reporter) {
            mark(vm, reporter);
        }

        @Test
        void second(Vm vm, TestReporter reporter) {
            mark(vm, reporter);
        }

        @RepeatedTest(2)
        void again(Vm vm, TestReporter reporter) {
            mark(vm, reporter);
        }

        @ParameterizedTest
        @ValueSource(strings = {"one", "two"})
        void argument(String argument, Vm vm, TestReporter reporter) {
            assertThat(vm.exec("echo", argument).stdoutText()).isEqualTo(argument + "\n");
            mark(vm, reporter);
        }

        private static void mark(Vm vm, TestReporter reporter) {
            assertThat(vm.readText("/tmp/mark")).isEqualTo(vm.name());
            vm.writeFile("/tmp/mark", vm.name() + " tested");
            reporter.publishEntry("machine", vm.name());
        }

        @Nested
        class Inner {

            @Test
            void inherits(Vm vm, TestReporter reporter) {
                mark(vm, reporter);
            }
        }
    }

    @MicroVm(
            image = Guests.BUSYBOX,
            cmd = {"sleep", "1000"},
            memoryMib = Guests.MEMORY_MIB)
    static class ParallelTestCase {

        @RepeatedTest(4)
        void repeated(Vm vm, TestReporter reporter) {
            writeAndCheck(vm, reporter);
        }

        @ParameterizedTest
        @ValueSource(ints = {1, 2, 3})
        void argument(int argument, Vm vm, TestReporter reporter) {
            assertThat(argument).isPositive();
            writeAndCheck(vm, reporter);
        }

        @Test
        void one(Vm vm, TestReporter reporter) {
            writeAndCheck(vm, reporter);
        }

        @Test
        void another(Vm vm, TestReporter reporter) {
            writeAndCheck(vm, reporter);
        }

        @Test
        void third(Vm vm, TestReporter reporter) {
            writeAndCheck(vm, reporter);
        }

        private static void writeAndCheck(Vm vm, TestReporter reporter) {
            assertThat(vm.exec("ls", "/var/tmp").stdoutText()).isEmpty();
            vm.writeFile("/var/tmp/" + vm.name(), vm.name());
            assertThat(vm.exec("ls", "/var/tmp").stdoutText()).isEqualTo(vm.name() + "\n");
            assertThat(vm.readText("/var/tmp/" + vm.name())).isEqualTo(vm.name());
            reporter.publishEntry(Map.of(
                    "machine", vm.name(), "thread", Thread.currentThread().getName()));
        }
    }

    @MicroVm(
            image = Guests.BUSYBOX,
            cmd = {"sh", "-c", "echo the workload says hello; exec sleep 1000"},
            memoryMib = Guests.MEMORY_MIB)
    static class FailingTestCase {

        private boolean failAfterwards;

        @BeforeEach
        void awaitWorkload(Vm vm) {
            await().atMost(Duration.ofSeconds(60)).until(() -> vm.logs().contains("hello"));
        }

        @Test
        void fails(Vm vm) {
            throw new AssertionError("fails by intent");
        }

        @Test
        void failsAfterwards() {
            failAfterwards = true;
        }

        @Test
        void succeeds(Vm vm) {
            assertThat(vm.exec("true").success()).isTrue();
        }

        @AfterEach
        void after() {
            if (failAfterwards) {
                throw new AssertionError("fails afterwards");
            }
        }
    }

    @MicroVm(
            image = Guests.BUSYBOX,
            cmd = {"sleep", "1000"},
            memoryMib = Guests.MEMORY_MIB)
    static class DyingTestCase {

        @Test
        void sees(Vm vm) {
            vm.exec("sh", "-c", "echo c > /proc/sysrq-trigger");
        }

        @Test
        void overlooks(Vm vm) {
            try {
                vm.exec("sh", "-c", "echo c > /proc/sysrq-trigger");
            } catch (MachineException e) {
                throw new AssertionError("fails by intent");
            }
        }
    }

    @MicroVm(
            image = Guests.BUSYBOX,
            cmd = {"sleep", "1000"},
            memoryMib = Guests.MEMORY_MIB)
    static class ClosingTestCase {

        @Test
        void fails(Vm vm) {
            vm.close();
            throw new AssertionError("fails by intent");
        }
    }

    @MicroVm(
            image = Guests.BUSYBOX,
            cmd = {"sleep", "1000"},
            memoryMib = Guests.MEMORY_MIB)
    static class CountingTestCase {

        @Test
        void counts(Vm vm, TestReporter reporter) {
            assertThat(vm.exec("true").success()).isTrue();
            reporter.publishEntry("processes", String.valueOf(Guests.processes().size()));
        }
    }

    @Target(ElementType.TYPE)
    @Retention(RetentionPolicy.RUNTIME)
    @MicroVm(image = Guests.REDIS, port = 6379, env = "COLOUR=blue")
    @interface OnRedis {}

    @OnRedis
    static class RedisTestCase {

        @RepeatedTest(2)
        void startsEmpty(Vm vm) throws IOException {
            assertThat(redis(vm, "INCR visits")).isEqualTo(":1");
            assertThat(redis(vm, "INCR visits")).isEqualTo(":2");
        }

        @Test
        void hasTheEnvironment(Vm vm) {
            assertThat(vm.exec("sh", "-c", "echo $COLOUR").stdoutText()).isEqualTo("blue\n");
        }

        /** Sends one command in Redis' inline form and returns the first line of the answer. */
        private static String redis(Vm vm, String command) throws IOException {
            try (Socket socket = new Socket(vm.host(), vm.mappedPort(6379));
                    BufferedReader answers = new BufferedReader(
                            new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
                socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.UTF_8));
                return answers.readLine();
            }
        }
    }
}
