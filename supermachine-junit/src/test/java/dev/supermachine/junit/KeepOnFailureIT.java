package dev.supermachine.junit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of the machines of failed tests, in runs that are JVMs of their own. */
@Timeout(300)
class KeepOnFailureIT {

    @BeforeAll
    static void requireRegistry() {
        Guests.requireRegistry();
    }

    @Test
    void machinesOfFailedTestsStayAndTheFailureSaysWhere() throws Exception {
        List<String> lines = run("jvm");

        assertThat(lines).contains("failed: fails by intent", "failed: fails afterwards");
        assertThat(kept(lines, "suppressed: "))
                .hasSize(2)
                .allSatisfy(text -> assertThat(text)
                        .contains("is kept: process ")
                        .contains("/console, no port is mapped. It runs until this JVM (process "));
        assertThat(kept(lines, "entry: "))
                .as("in the report too")
                .containsExactlyInAnyOrderElementsOf(kept(lines, "suppressed: "));
        assertThat(lines).as("the two that failed, not the one that succeeded").contains("machines: 2");
    }

    private static List<String> kept(List<String> lines, String prefix) {
        return lines.stream()
                .filter(line -> line.startsWith(prefix) && line.contains(" is kept: "))
                .map(line -> line.substring(prefix.length()))
                .toList();
    }

    private static List<String> run(String setting) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        KeepingRun.class.getName(),
                        setting)
                .redirectErrorStream(true)
                .start();
        try {
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(2, TimeUnit.MINUTES)).as(output).isTrue();
            assertThat(process.exitValue()).as(output).isZero();
            return output.lines().toList();
        } finally {
            process.destroyForcibly();
        }
    }
}
