package dev.supermachine.bake;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.supermachine.Wait;
import dev.supermachine.engine.Deadline;
import dev.supermachine.guest.GuestClient;
import dev.supermachine.guest.HostedAgent;
import dev.supermachine.guest.WorkloadSpec;
import dev.supermachine.oci.Healthcheck;
import dev.supermachine.testing.Background;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Conditions against the real agent, as a process of this host: its "guest" is this machine. */
@Timeout(120)
class ReadinessTest {

    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    private Path directory;

    private HostedAgent agent;
    private GuestClient guest;
    private Optional<Healthcheck> healthcheck = Optional.empty();

    @BeforeEach
    void start() {
        agent = HostedAgent.greeted(directory);
        guest = agent.client();
    }

    @AfterEach
    void end() {
        agent.close();
    }

    @Test
    void aLineOfEitherOutputCounts() throws IOException {
        for (Wait wait : List.of(Wait.forLog("^ready to (serve|go)$"), Wait.forLog("warn"), Wait.forLog("r", 3))) {
            try (Readiness readiness =
                    workload(wait, "echo ready to go; echo a warning >&2; echo more; exec sleep 1000")) {
                assertThat(decided(readiness).met()).as("%s", wait).isTrue();
                assertThat(readiness.report()).isEqualTo("- " + wait + ": met");
            }
            renew();
        }
    }

    @Test
    void aLineThatComesLaterIsSeenWhenItComes() throws IOException {
        Path fifo = fifo();
        try (Readiness readiness =
                workload(Wait.forLog("go", 2), "echo go; read x < " + fifo + "; echo $x; exec sleep 1000")) {
            await().until(() -> {
                readiness.look();
                return !readiness.report().contains("0 of 0 lines");
            });
            assertThat(readiness.met()).isFalse();
            assertThat(readiness.report()).isEqualTo("- 2 lines of output with 'go': 1 of 1 lines matched");
            Files.writeString(fifo, "go on\n");
            assertThat(decided(readiness).met()).isTrue();
        }
    }

    @Test
    void aLineWithoutAnEndCountsOnceNothingFollows() throws IOException {
        try (Readiness readiness = workload(Wait.forLog("^login: $"), "printf 'login: '; exec sleep 1000")) {
            assertThat(decided(readiness).met()).isTrue();
        }
    }

    @Test
    void endsOfLinesOfBothKindsAreNoPartOfTheLine() throws IOException {
        try (Readiness readiness =
                workload(Wait.forLog("^one$|^two$", 2), "printf 'one\\r\\ntwo\\n'; exec sleep 1000")) {
            assertThat(decided(readiness).met()).isTrue();
        }
    }

    @Test
    void aWorkloadThatNeverStopsWritingDoesNotKeepFromLooking() throws IOException {
        try (Readiness readiness = workload(Wait.forCommand("true"), "exec yes")) {
            assertThat(decided(readiness).met()).isTrue();
        }
    }

    @Test
    void aCommandIsTriedUntilItHasTheStatus() throws IOException {
        Path file = directory.resolve("file");
        try (Readiness readiness = workload(
                Wait.forCommand("sh", "-c", "echo looking; test -e " + file + " && exit 3")
                        .withExitCode(3),
                "exec sleep 1000")) {
            await().until(() -> {
                readiness.look();
                return readiness.report().contains("times");
            });
            assertThat(readiness.met()).isFalse();
            assertThat(readiness.report())
                    .matches("- the command \\[sh, -c, .*] with exit status 3: tried [0-9]+ times; "
                            + "the last exited with status 1 and printed: looking");
            Files.createFile(file);
            assertThat(decided(readiness).met()).isTrue();
        }
    }

    @Test
    void aCommandThatIsNotThereIsNamed() throws IOException {
        try (Readiness readiness = workload(Wait.forCommand("no-such-command-here"), "exec sleep 1000")) {
            await().until(() -> {
                readiness.look();
                return !readiness.report().contains("not tried");
            });
            assertThat(readiness.failed()).isFalse();
            assertThat(readiness.report())
                    .contains("failed: Machine 'hosted': cannot execute [no-such-command-here]")
                    .contains("(errno 2)");
        }
    }

    @Test
    void aCommandKilledByASignalIsNoStatus() throws IOException {
        Wait wait = Wait.forCommand("sh", "-c", "kill -9 $$").withExitCode(9);
        try (Readiness readiness = workload(wait, "exec sleep 1000")) {
            await().until(() -> {
                readiness.look();
                return !readiness.report().contains("not tried");
            });
            assertThat(readiness.met()).isFalse();
            assertThat(readiness.report()).contains("was killed by signal 9 and printed nothing");
        }
    }

    @Test
    void theImagesHealthCheckIsTriedLikeACommand() throws IOException {
        Path file = directory.resolve("file");
        healthcheck = healthcheck(
                List.of("CMD-SHELL", "test -e " + file), Duration.ofDays(1), Duration.ofSeconds(30), Duration.ZERO);
        try (Readiness readiness = workload(Wait.forHealthcheck(), "exec sleep 1000")) {
            await().until(() -> {
                readiness.look();
                return readiness.report().contains("times");
            });
            Files.createFile(file);
            assertThat(decided(readiness).met()).isTrue();
            assertThat(readiness.report())
                    .isEqualTo("- the image's health check, [/bin/sh, -c, test -e " + file + "]: met");
        }
    }

    @Test
    void aHealthCheckFailsForGoodAfterItsRetriesOneForEachInterval() throws IOException {
        healthcheck = healthcheck(List.of("CMD", "false"), Duration.ofMillis(200), LONG, Duration.ZERO);
        try (Readiness readiness = workload(Wait.forHealthcheck(), "exec sleep 1000")) {
            assertThat(decided(readiness).failed()).isTrue();
            assertThat(readiness.report())
                    .matches("- the image's health check, \\[false]: tried [0-9]+ times; "
                            + "the last exited with status 1 and printed nothing; "
                            + "unhealthy: 3 failures, one for each interval of 200 ms");
        }
    }

    @Test
    void failuresOfAHealthCheckInItsStartPeriodDoNotCount() throws IOException {
        healthcheck = healthcheck(List.of("CMD", "false"), Duration.ofMillis(1), LONG, Duration.ofDays(1));
        try (Readiness readiness = workload(Wait.forHealthcheck(), "exec sleep 1000")) {
            await().until(() -> {
                readiness.look();
                return readiness.report().contains("tried 9 times");
            });
            assertThat(readiness.failed()).isFalse();
        }
    }

    @Test
    void aHealthCheckThatTakesTooLongHasFailed() throws IOException {
        healthcheck = healthcheck(
                List.of("CMD", "sleep", "1000"), Duration.ofMillis(1), Duration.ofMillis(50), Duration.ZERO);
        try (Readiness readiness = workload(Wait.forHealthcheck(), "exec sleep 1000")) {
            assertThat(decided(readiness).failed()).isTrue();
            assertThat(readiness.report())
                    .contains("tried 3 times; the last was killed because it took longer than 50 ms");
        }
    }

    @Test
    void aListenerIsGivenUpForTheWorkloadsEndOnlyOnceAllItsOutputWasRead() throws IOException {
        int port;
        try (ServerSocket free = listen()) {
            port = free.getLocalPort();
        }
        for (int i = 0; i < 10; i++) {
            try (Readiness readiness = workload(
                    Wait.forListener(port), "head -c 900000 /dev/zero | tr '\\0' x; echo; echo my last words")) {
                assertThat(decided(readiness).failed()).isTrue();
                assertThat(readiness.workloadEnded()).isTrue();
            }
            renew();
        }
    }

    private static Optional<Healthcheck> healthcheck(
            List<String> test, Duration interval, Duration timeout, Duration startPeriod) {
        return Optional.of(new Healthcheck(test, List.of("/bin/sh", "-c"), interval, timeout, startPeriod, 3));
    }

    @Test
    void aListenerOnEachOfThePortsIsAwaited() throws IOException {
        try (ServerSocket one = listen()) {
            int other;
            try (ServerSocket two = listen()) {
                other = two.getLocalPort();
            }
            Wait wait = Wait.forListener(one.getLocalPort(), other);
            try (Readiness readiness = workload(wait, "exec sleep 1000")) {
                readiness.look();
                assertThat(readiness.met()).isFalse();
                assertThat(readiness.report())
                        .startsWith("- " + wait + ": nothing listened on port " + other + ", but on [")
                        .contains(String.valueOf(one.getLocalPort()));
            }
            renew();
            try (Readiness readiness = workload(Wait.forListener(one.getLocalPort()), "exec sleep 1000")) {
                assertThat(decided(readiness).met()).isTrue();
            }
            renew();
            try (Readiness readiness = workload(Wait.forListener(), one.getLocalPort(), "exec sleep 1000")) {
                assertThat(decided(readiness).met()).isTrue();
                assertThat(readiness.report()).isEqualTo("- a listener on port " + one.getLocalPort() + ": met");
            }
        }
    }

    @Test
    void anAnswerOverHttpIsComparedByStatusAndBody() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        AtomicInteger requests = new AtomicInteger();
        server.createContext("/health", exchange -> {
            boolean up = requests.incrementAndGet() > 2;
            byte[] body = (up ? "status: UP" : "status: STARTING").getBytes(US_ASCII);
            // chunked the second time, with a length otherwise
            exchange.sendResponseHeaders(up ? 200 : 503, requests.get() == 2 ? 0 : body.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(body);
            }
        });
        server.start();
        try {
            int port = server.getAddress().getPort();
            Wait up = Wait.forHttp("/health?full=1").withBody("status: UP$");
            try (Readiness readiness = workload(up, port, "exec sleep 1000")) {
                assertThat(decided(readiness).met()).isTrue();
                assertThat(requests).hasValue(3);
            }
            renew();
            try (Readiness readiness = workload(Wait.forHttp("/elsewhere").onPort(port), "exec sleep 1000")) {
                await().until(() -> {
                    readiness.look();
                    return !readiness.report().contains("not tried");
                });
                assertThat(readiness.report())
                        .startsWith("- the status 200 for GET /elsewhere on port " + port + ": tried ")
                        .contains("was answered with 'HTTP/1.1 404 Not Found' and a body that begins with: <h1>404");
            }
            renew();
            Wait missing = Wait.forHttp("/elsewhere").onPort(port).withStatus(404);
            try (Readiness readiness = workload(missing, "exec sleep 1000")) {
                assertThat(decided(readiness).met()).isTrue();
            }
        } finally {
            server.stop(0);
        }
    }

    @Test
    void whatIsNoAnswerOverHttpIsShown() throws IOException {
        try (ServerSocket server = listen()) {
            CompletableFuture<Void> answering = Background.run(() -> {
                try (Socket socket = server.accept();
                        BufferedReader request =
                                new BufferedReader(new InputStreamReader(socket.getInputStream(), US_ASCII))) {
                    // all of it, for to close a connection with something unread may take the answer away from the
                    // client
                    assertThat(request.lines().takeWhile(line -> !line.isEmpty()))
                            .first()
                            .isEqualTo("GET / HTTP/1.1");
                    socket.getOutputStream().write("-ERR unknown command\r\n".getBytes(US_ASCII));
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            Wait wait = Wait.forHttp("/").onPort(server.getLocalPort());
            try (Readiness readiness = workload(wait, "exec sleep 1000")) {
                await().until(() -> {
                    readiness.look();
                    return !readiness.report().contains("not tried");
                });
                assertThat(readiness.report())
                        .endsWith("tried once; it was answered by something else than HTTP: '-ERR unknown command'");
            }
            answering.join();
        }
    }

    @Test
    void aRefusedConnectionIsAFailedAttempt() throws IOException {
        int port;
        try (ServerSocket closed = listen()) {
            port = closed.getLocalPort();
        }
        try (Readiness readiness = workload(Wait.forHttp("/").onPort(port), "exec sleep 1000")) {
            await().until(() -> {
                readiness.look();
                return !readiness.report().contains("not tried");
            });
            assertThat(readiness.failed()).isFalse();
            assertThat(readiness.report())
                    .contains("cannot connect to the guest's port " + port)
                    .contains("(errno 111)");
        }
    }

    @Test
    void allAreAwaitedAndAnyIsEnough() throws IOException {
        Wait never = Wait.forLog("never");
        try (Readiness readiness = workload(Wait.any(never, Wait.forCommand("true")), "echo hello; exec sleep 1000")) {
            assertThat(decided(readiness).met()).isTrue();
            assertThat(readiness.report())
                    .contains("- a line of output with 'never': ")
                    .contains("- the command [true] with exit status 0: met");
        }
        renew();
        Wait late = Wait.all(Wait.forLog("hello"), never.withTimeout(Duration.ofMillis(300)));
        try (Readiness readiness = workload(late, "echo hello; exec sleep 1000")) {
            assertThat(decided(readiness).failed()).isTrue();
            assertThat(readiness.report())
                    .isEqualTo(
                            "- a line of output with 'hello': met\n"
                                    + "- a line of output with 'never' within 300 ms: its time of 300 ms is over; 0 of 1 lines matched");
        }
        renew();
        Wait either = Wait.any(never.withTimeout(Duration.ofMillis(1)), Wait.forCommand("true"));
        try (Readiness readiness = workload(either, "exec sleep 1000")) {
            assertThat(decided(readiness).met()).isTrue();
        }
        renew();
        Wait none = Wait.any(never.withTimeout(Duration.ofMillis(1)), never.withTimeout(Duration.ofMillis(2)));
        try (Readiness readiness = workload(none, "exec sleep 1000")) {
            assertThat(decided(readiness).failed()).isTrue();
        }
    }

    @Test
    void theEndOfTheWorkloadEndsEveryKindOfCondition() throws IOException {
        int closed;
        try (ServerSocket server = listen()) {
            closed = server.getLocalPort();
        }
        for (Wait wait : List.of(
                Wait.forLog("never"),
                Wait.forListener(closed),
                Wait.forCommand("false"),
                Wait.forCommand("sleep", "1000"),
                Wait.forHttp("/").onPort(closed),
                Wait.all(Wait.forLog("bye"), Wait.forListener(closed)),
                Wait.any(Wait.forLog("never"), Wait.forListener(closed)))) {
            try (Readiness readiness = workload(wait, "echo bye; exit 3")) {
                await().until(() -> {
                    readiness.look();
                    return readiness.workloadEnded();
                });
                assertThat(readiness.met()).as("%s", wait).isFalse();
                assertThat(readiness.deadline().isOver()).isFalse();
                assertThat(guest.evidence()).startsWith("\nThe workload's output ends with:\nbye\n");
            }
            renew();
        }
    }

    @Test
    void theLastWordsOfAWorkloadAndAServiceThatItLeavesBehindCount() throws IOException {
        try (Readiness readiness = workload(Wait.forLog("^bye$"), "echo bye; exit 3")) {
            assertThat(decided(readiness).met()).isTrue();
        }
        renew();
        try (ServerSocket service = listen();
                Readiness readiness = workload(Wait.forListener(service.getLocalPort()), "exit 0")) {
            assertThat(decided(readiness).met()).isTrue();
        }
    }

    @Test
    void theTimeOfTheOutermostConditionIsInPlaceOfTheBakes() throws IOException {
        try (Readiness readiness =
                workload(Wait.forLog("never").withTimeout(Duration.ofMillis(200)), "exec sleep 1000")) {
            assertThat(readiness.deadline()).hasToString("200 ms");
            await().until(() -> {
                readiness.look();
                return readiness.deadline().isOver();
            });
            assertThat(readiness.met()).isFalse();
        }
        renew();
        try (Readiness readiness = workload(Wait.forLog("never"), "exec sleep 1000")) {
            assertThat(readiness.deadline()).hasToString("60 s");
        }
    }

    @Test
    void nothingIsLeftOpenInTheGuest() throws IOException {
        Wait wait = Wait.all(
                Wait.forListener(1), Wait.forLog("never"), Wait.forCommand("sleep", "1000"), Wait.forCommand("true"));
        try (Readiness readiness = workload(wait, "exec sleep 1000")) {
            await().until(() -> {
                readiness.look();
                return readiness.report().contains("[true] with exit status 0: met");
            });
        }
        // refused as long as a stream is open
        guest.freeze(HostedAgent.WAIT);
    }

    private Readiness workload(Wait wait, String script) {
        return workload(wait, 80, script);
    }

    private Readiness workload(Wait wait, int guestPort, String script) {
        guest.configure(
                new WorkloadSpec(
                        List.of("sh", "-c", script),
                        Map.of("PATH", System.getenv("PATH")),
                        "",
                        "",
                        15,
                        "test",
                        Map.of()),
                HostedAgent.WAIT);
        guest.start(HostedAgent.WAIT);
        return new Readiness(guest, wait, guestPort, healthcheck, Deadline.in(LONG));
    }

    /** A workload is started at most once in the life of an agent. */
    private void renew() {
        agent.close();
        start();
    }

    private static Readiness decided(Readiness readiness) {
        await().atMost(LONG).until(() -> {
            readiness.look();
            return readiness.met() || readiness.failed();
        });
        return readiness;
    }

    private Path fifo() throws IOException {
        Path fifo = directory.resolve("fifo");
        try {
            assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor())
                    .isZero();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
        return fifo;
    }

    private static ServerSocket listen() throws IOException {
        return new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
    }
}
