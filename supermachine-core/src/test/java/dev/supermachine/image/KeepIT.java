package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.supermachine.testing.ChildJvm;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Machines that stay when nobody holds them, each kept by a JVM of its own. */
@Timeout(300)
class KeepIT {

    private static final Duration LONG = Duration.ofMinutes(2);

    @Test
    void aKeptMachineStaysUntilItsJvmEnds() throws Exception {
        TestImages.redis();
        try (ChildJvm jvm = ChildJvm.start(KeepingJvm.class)) {
            await().atMost(LONG).untilAsserted(() -> assertThat(jvm.lines()).contains("ready"));
            assertThat(jvm.lines()).contains("again: true", "still: kept", "next: nobody nobody");
            assertThat(value(jvm, "reset")).startsWith("The machine '" + value(jvm, "name") + "' is kept as it is");
            Path directory = Path.of(value(jvm, "directory"));
            long pid = Long.parseLong(value(jvm, "pid"));
            int port = Integer.parseInt(value(jvm, "port"));
            assertThat(value(jvm, "text"))
                    .startsWith(
                            "The machine '" + value(jvm, "name") + "' of the image 'test-redis' is kept: process " + pid
                                    + ", directory " + directory + ", console in " + directory.resolve("console")
                                    + ", port 6379 of the guest is 127.0.0.1:" + port
                                    + ". It runs until this JVM (process " + jvm.pid() + ") ends");

            assertThat(redis(port, "GET who")).isEqualTo(List.of("$4", "kept"));
            assertThat(directory.resolve("console")).content().contains("printed after it was kept");
            assertThat(Files.readAllLines(directory.resolve("machine")))
                    .contains(
                            "name=" + value(jvm, "name"),
                            "image=test-redis",
                            "memoryMib=256",
                            "pid=" + pid,
                            "jvm=" + jvm.pid(),
                            "port.6379=127.0.0.1:" + port);

            jvm.sendLine();
            assertThat(jvm.exitCode()).isZero();
            await().atMost(LONG).until(() -> ProcessHandle.of(pid).isEmpty() && !Files.exists(directory));
        }
    }

    private static String value(ChildJvm jvm, String key) {
        return jvm.lines().stream()
                .filter(line -> line.startsWith(key + ": "))
                .findFirst()
                .orElseThrow(() -> new AssertionError("The child printed no " + key + ", but " + jvm.lines()))
                .substring(key.length() + 2);
    }

    /** The two lines that answer a command in Redis' inline form. */
    private static List<String> redis(int port, String command) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
                BufferedReader answers =
                        new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
            socket.setSoTimeout(60_000);
            socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.UTF_8));
            return List.of(answers.readLine(), answers.readLine());
        }
    }
}
