package dev.supermachine.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.supermachine.ExecResult;
import dev.supermachine.Image;
import dev.supermachine.OciImageBuilder;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.image.TestImages;
import dev.supermachine.rootfs.Tools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What generators of random numbers inside programs say in machines restored from one snapshot. Those that were seeded before the capture repeat, unless
 * they ask the kernel each time; this holds down which do, for docs/security.md to tell.
 */
@Timeout(1800)
class RandomGeneratorsIT {

    private static final int RESTORES = 20;
    private static final int REMEDIED_RESTORES = 5;
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /** Seeded with nanoseconds since the boot, which begin for all where the capture left them: now and then, two machines have the same. */
    private static final String BY_THE_MONOTONIC_CLOCK = "Random.made.now";

    /**
     * Often met: once it kept JVMs from waiting for entropy. Since it is neither of the names that Java knows, Java takes its own generator in place of the
     * kernel's.
     */
    private static final String EGD = "-Djava.security.egd=file:/dev/./urandom";

    private static final String NGINX_WITH_TLS = """
            user www-data;
            worker_processes 1;
            pid /run/nginx.pid;
            error_log stderr notice;
            events { worker_connections 256; }
            http {
                access_log off;
                server {
                    listen 8443 ssl;
                    ssl_protocols TLSv1.3;
                    ssl_certificate /etc/nginx/server.pem;
                    ssl_certificate_key /etc/nginx/server.key;
                    location / { return 204; }
                }
            }
            """;

    @TempDir
    private Path directory;

    static Stream<Arguments> services() {
        Set<String> tls = Set.of("TLS key share", "TLS server random");
        Set<String> java = Set.of(
                "HttpSession.getId",
                "Math.random",
                "Random",
                "SecureRandom.DRBG",
                "SecureRandom.SHA1PRNG",
                "ThreadLocalRandom",
                "identityHashCode");
        Set<String> javaWithAnotherSource = Stream.concat(
                        java.stream(), Stream.of("SecureRandom", "SecureRandom.made.now", "UUID.randomUUID"))
                .collect(Collectors.toSet());
        Set<String> node =
                Set.of("Math.random", "crypto.randomBytes", "crypto.randomUUID", "crypto.randomUUID.uncached");
        return Stream.of(
                        cases("debian-postgres", Source.POSTGRES, true, "", Set.of()),
                        cases("debian-nginx", Source.TLS, true, "", tls),
                        cases("debian-nginx", Source.TLS, false, "", Set.of()),
                        cases("debian-tomcat", Source.TOMCAT, true, "", java),
                        cases("debian-tomcat", Source.TOMCAT, true, EGD, javaWithAnotherSource),
                        cases("debian-node", Source.PAGE, true, "", node),
                        cases("debian-node", Source.PAGE, false, "", node),
                        cases("debian-python", Source.PAGE, true, "", Set.of("random.random", "ssl.RAND_bytes")),
                        cases("debian-python", Source.PAGE, false, "", Set.of("random.random")))
                .flatMap(Function.identity());
    }

    private static Stream<Arguments> cases(
            String recipe, Source source, boolean asked, String javaOptions, Set<String> repeating) {
        return Workload.chosen(recipe).map(workload -> Arguments.of(workload, source, asked, javaOptions, repeating));
    }

    @ParameterizedTest(name = "{0} {3}, asked before the capture: {2}")
    @MethodSource("services")
    void onlyWhatWasSeededBeforeTheCaptureRepeats(
            Workload workload, Source source, boolean asked, String javaOptions, Set<String> repeating)
            throws IOException {
        OciImageBuilder builder = source == Source.TLS ? nginxWithTls() : workload.builder(store());
        if (!javaOptions.isEmpty()) {
            builder.withEnv("JDK_JAVA_OPTIONS", javaOptions);
        }
        if (asked) {
            builder.withWarmup(source::ask);
        }
        Map<String, List<String>> answers = answers(builder.build(), source, RESTORES, vm -> {});
        Set<String> repeated = new TreeSet<>();
        answers.forEach((generator, values) -> {
            int different = new HashSet<>(values).size();
            System.out.printf(
                    "RandomGeneratorsIT: %s %s%s: %s gave %d different values in %d restores%n",
                    workload, javaOptions, asked ? ", asked before the capture" : "", generator, different, RESTORES);
            if (different < RESTORES && !generator.equals(BY_THE_MONOTONIC_CLOCK)) {
                repeated.add(generator);
            }
        });
        assertThat(repeated).isEqualTo(new TreeSet<>(repeating));
    }

    /** A worker that was started in the machine has not been seeded before the capture. */
    @Test
    void aWorkerThatIsReplacedInTheMachineDoesNotRepeat() throws IOException {
        assertNoneRepeats(vm -> {
            int worker = Collections.max(processes(vm));
            root(vm, "nginx", "-s", "reload");
            await().atMost(PATIENCE).until(() -> !processes(vm).contains(worker));
        });
    }

    /** OpenSSL takes a new seed from the kernel when its own is more than an hour old by the wall clock. */
    @Test
    void aSeedThatIsOldIsReplacedByItself() throws IOException {
        assertNoneRepeats(vm -> root(vm, "date", "--set", "+2 hours"));
    }

    private void assertNoneRepeats(Consumer<Vm> remedy) throws IOException {
        Image image = nginxWithTls().withWarmup(Source.TLS::ask).build();
        answers(image, Source.TLS, REMEDIED_RESTORES, remedy)
                .forEach((generator, values) ->
                        assertThat(values).as("%s", generator).doesNotHaveDuplicates());
    }

    private static Map<String, List<String>> answers(Image image, Source source, int restores, Consumer<Vm> first)
            throws IOException {
        Map<String, List<String>> answers = new TreeMap<>();
        for (int i = 0; i < restores; i++) {
            try (Vm vm = image.start(VmConfig.defaults())) {
                first.accept(vm);
                source.ask(vm)
                        .forEach((generator, value) -> answers.computeIfAbsent(generator, name -> new ArrayList<>())
                                .add(value));
            }
        }
        return answers;
    }

    /** The master, which started first, and its worker. */
    private static List<Integer> processes(Vm vm) {
        return Stream.of(vm.exec("pidof", "nginx").stdoutText().strip().split(" ", -1))
                .map(Integer::valueOf)
                .toList();
    }

    private static void root(Vm vm, String... argv) {
        ExecResult result = vm.command(argv).user("root").output();
        assertThat(result.success()).as("%s", result).isTrue();
    }

    private Path store() {
        return directory.resolve("snapshots");
    }

    private OciImageBuilder nginxWithTls() throws IOException {
        Path key = directory.resolve("server.key");
        Path certificate = directory.resolve("server.pem");
        Tools.check(
                directory,
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=server",
                "-keyout",
                key.toString(),
                "-out",
                certificate.toString());
        return Image.builder(TestImages.reference("debian-nginx"))
                .withName("nginx-tls")
                .withSnapshotsDir(store())
                .withMemoryMib(128)
                .withExtraFile(
                        Files.writeString(directory.resolve("nginx.conf"), NGINX_WITH_TLS), "/etc/nginx/nginx.conf")
                .withExtraFile(key, "/etc/nginx/server.key")
                .withExtraFile(certificate, "/etc/nginx/server.pem")
                .withGuestPort(8443)
                .withListenerRequired();
    }

    /** Where a value of each generator is had from. */
    enum Source {
        TLS {
            @Override
            Map<String, String> ask(Vm vm) throws IOException {
                return TlsHello.serverValues(vm, 8443);
            }
        },
        /** Each of its connections has a process of its own, forked from the first one. */
        POSTGRES {
            @Override
            Map<String, String> ask(Vm vm) throws IOException {
                PostgresService.query(vm, "create extension if not exists pgcrypto");
                Map<String, String> answers = new TreeMap<>();
                for (String function : List.of("gen_random_uuid()", "gen_random_bytes(16)", "random()")) {
                    answers.put(
                            function,
                            PostgresService.query(vm, "select " + function).get(0));
                }
                return answers;
            }
        },
        PAGE {
            @Override
            Map<String, String> ask(Vm vm) throws IOException {
                return lines(HttpService.get(vm, 8080, "/random"));
            }
        },
        TOMCAT {
            @Override
            Map<String, String> ask(Vm vm) throws IOException {
                return lines(HttpService.get(vm, 8080, "/random.jsp"));
            }
        };

        abstract Map<String, String> ask(Vm vm) throws IOException;

        private static Map<String, String> lines(String page) {
            return page.lines()
                    .filter(line -> !line.isBlank())
                    .map(line -> line.split("=", 2))
                    .collect(Collectors.toMap(parts -> parts[0], parts -> parts[1]));
        }
    }
}
