package dev.supermachine.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.ExecProcess;
import dev.supermachine.ExecResult;
import dev.supermachine.Image;
import dev.supermachine.MachineException;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Commands with all that belongs to them, in real machines. */
@Tag("smoke")
class ExecIT {

    private static final Duration LONG = Duration.ofSeconds(60);
    private static final int AT_ONCE = 64;

    private final Image image = image();
    private Vm vm;

    static Image image() {
        return Image.builder(TestImages.reference("debian-busybox"))
                .withName("test-exec")
                .withMemoryMib(192)
                .withCmd("sleep", "1000000")
                .build();
    }

    @BeforeEach
    void start() {
        vm = image.start(VmConfig.defaults());
    }

    @AfterEach
    void end() {
        vm.close();
    }

    @Test
    void stagedFilesBelongToWhoRunsTheCommand() {
        byte[] data = new byte[3_000_000];
        new Random(5).nextBytes(data);

        ExecResult result = vm.command("/srv/app/run")
                .stageFile(
                        "/srv/app/run",
                        "#!/bin/sh\nstat -c '%n %u:%g %a %s' /srv/app /srv/app/*\n".getBytes(UTF_8),
                        0700)
                .stageFile("/srv/app/data", data)
                .user("1000:1001")
                .output();

        assertThat(result.stdoutText())
                .as("%s", result)
                .matches(
                        "/srv/app 0:0 755 \\d+\n/srv/app/data 1000:1001 644 3000000\n/srv/app/run 1000:1001 700 \\d+\n");
        assertThat(vm.readFile("/srv/app/data")).isEqualTo(data);
    }

    @Test
    void aFileThatIsThereKeepsItsOwnerAndMode() {
        vm.writeFile("/srv/kept", "longer than what comes");
        vm.command("chown", "7:8", "/srv/kept")
                .chain("chmod", "606", "/srv/kept")
                .output();
        vm.writeFile("/srv/kept", "written");
        assertThat(vm.exec("stat", "-c", "%u:%g %a %s", "/srv/kept").stdoutText())
                .isEqualTo("7:8 606 7\n");

        ExecResult result = vm.command("stat", "-c", "%u:%g %a %s", "/srv/kept")
                .stageFile("/srv/kept", "staged".getBytes(UTF_8))
                .user("1000")
                .output();

        assertThat(result.stdoutText()).isEqualTo("7:8 606 6\n");
    }

    @Test
    void aFileThatCannotBeWrittenIsNamed() {
        assertThatThrownBy(() -> vm.command("touch", "/srv/ran")
                        .stageFile("/proc/nothing/of/this", new byte[100_000])
                        .output())
                .isInstanceOf(MachineException.class)
                .hasMessageStartingWith(
                        "Machine '" + vm.name() + "': cannot execute [touch, /srv/ran]: cannot create the"
                                + " directory of /proc/nothing/of/this: ");
        assertThat(vm.exec("test", "-e", "/srv/ran").exitStatus()).isOne();
    }

    @Test
    void aChainHasAResultForEachCommand() {
        List<ExecResult> results = vm.command("sh", "-c", "echo built; echo with care >&2")
                .chain("sh", "-c", "echo $COLOUR in $PWD as $(id -u)")
                .chain("sh", "-c", "exit 9")
                .chain("echo", "never")
                .env("COLOUR", "blue")
                .cwd("/usr")
                .user("65534")
                .outputs();

        assertThat(results).extracting(ExecResult::exitStatus).containsExactly(0, 0, 9);
        assertThat(results)
                .extracting(ExecResult::stdoutText)
                .containsExactly("built\n", "blue in /usr as 65534\n", "");
        assertThat(results).extracting(ExecResult::stderrText).containsExactly("with care\n", "", "");
        assertThat(vm.command("echo", "first").chain("echo", "last").output().stdoutText())
                .isEqualTo("last\n");
    }

    @Test
    void theTimeoutOfAChainEndsTheGroupThatRuns() {
        List<ExecResult> results = vm.command("echo", "begun")
                .chain("sh", "-c", "sleep 4321 & sleep 4321")
                .chain("echo", "never")
                .timeout(Duration.ofSeconds(2))
                .outputs();

        assertThat(results).extracting(ExecResult::timedOut).containsExactly(false, true);
        assertThat(results.get(1).exitStatus()).isEqualTo(124);
        assertThat(vm.exec("sh", "-c", "grep -l '432[1]' /proc/[0-9]*/cmdline | wc -l")
                        .stdoutText())
                .isEqualTo("0\n");
    }

    @Test
    void durationAndMemoryAreThoseOfTheCommand() {
        ExecResult small = vm.exec("true");
        ExecResult large = vm.exec("dd", "if=/dev/zero", "of=/dev/null", "bs=50M", "count=1");
        assertThat(small.peakRssKib()).isBetween(1L, 20L * 1024);
        assertThat(large.peakRssKib()).as("%s", large).isBetween(50L * 1024, 80L * 1024);

        ExecResult sleep = vm.exec("sleep", "1");
        assertThat(sleep.duration()).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
        assertThat(small.duration()).isPositive();
    }

    @Test
    void aTerminalIsResizedWhileItsProgramRuns() throws IOException {
        try (ExecProcess process = vm.command(
                        "sh", "-c", "trap 'stty size; exit 0' WINCH; stty size; while :; do sleep 0.1; done")
                .tty(24, 80)
                .spawn()) {
            assertThat(line(process)).isEqualTo("24 80\r");
            process.resize(43, 132);
            assertThat(line(process)).isEqualTo("43 132\r");
            assertThat(process.waitFor(LONG))
                    .hasValueSatisfying(end -> assertThat(end.exitStatus()).isZero());
        }
    }

    @Test
    void aSignalReachesTheWholeGroup() throws IOException {
        try (ExecProcess process = vm.command("sh", "-c", "sleep 5432 & sleep 5432 & echo ready; wait")
                .spawn()) {
            assertThat(line(process)).isEqualTo("ready");
            assertThatThrownBy(() -> process.signal(65))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("A signal is a number from 1 to 64, but was: 65");
            process.signal(15);
            assertThat(process.waitFor(LONG))
                    .hasValueSatisfying(end -> assertThat(end.exitStatus()).isEqualTo(128 + 15));
        }
        await().atMost(LONG)
                .until(
                        () -> vm.exec("sh", "-c", "grep -l '543[2]' /proc/[0-9]*/cmdline | wc -l")
                                .stdoutText(),
                        "0\n"::equals);
    }

    @Test
    void manyCommandsAtOnce() throws InterruptedException, ExecutionException {
        ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE);
        try {
            List<Future<ExecResult>> running = new ArrayList<>();
            // none ends before all have begun
            String wait = "echo > /tmp/here.$N; while [ $(ls /tmp/here.* | wc -l) -lt " + AT_ONCE
                    + " ]; do sleep 0.2; done; cat; echo $N >&2";
            for (int i = 0; i < AT_ONCE; i++) {
                String number = Integer.toString(i);
                running.add(threads.submit(() -> vm.command("sh", "-c", wait)
                        .env("N", number)
                        .stdin("input of " + number)
                        .output()));
            }
            for (int i = 0; i < AT_ONCE; i++) {
                ExecResult result = running.get(i).get();
                assertThat(result.stdoutText()).as("%s", result).isEqualTo("input of " + i);
                assertThat(result.stderrText()).isEqualTo(i + "\n");
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static String line(ExecProcess process) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = process.stdout().read();
                next != '\n' && next >= 0;
                next = process.stdout().read()) {
            line.write(next);
        }
        return line.toString(UTF_8);
    }
}
