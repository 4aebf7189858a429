package dev.supermachine.junit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Everything on the module path and nothing on the class path: services, resources, exports and JNA's access all work there. */
@Tag("smoke")
class ModulePathIT {

    /** One class of every module that a machine needs, by which its jar is found. */
    private static final List<String> FOR_MACHINES = List.of(
            "dev.supermachine.Vm",
            "dev.supermachine.linux.FileLock",
            "ch.qos.logback.classic.Logger",
            "ch.qos.logback.core.Appender",
            "com.github.luben.zstd.Zstd",
            "com.google.gson.Gson",
            "com.sun.jna.Native",
            "org.objectweb.asm.ClassReader",
            "org.slf4j.Logger");

    /** And of those that tests need beyond. */
    private static final List<String> FOR_TESTS = List.of(
            "dev.supermachine.junit.MicroVm",
            "org.junit.jupiter.api.Test",
            "org.junit.jupiter.engine.JupiterTestEngine",
            "org.junit.platform.commons.support.AnnotationSupport",
            "org.junit.platform.engine.TestEngine",
            "org.junit.platform.launcher.Launcher",
            "org.opentest4j.AssertionFailedError");

    /** Annotations: the compiler wants to see them, and nobody later. */
    private static final List<String> FOR_THE_COMPILER =
            List.of("org.apiguardian.api.API", "org.jspecify.annotations.NullMarked");

    private static final String KERNEL = "dev/supermachine/kernel/x86_64/kernel.properties";
    private static final Pattern KERNEL_JAR = Pattern.compile("^(?:jar:)?file:(.*?)!?/" + Pattern.quote(KERNEL) + "$");

    private static final String MACHINE_MODULE = """
            module consumer {
                requires dev.supermachine.core;
            }
            """;

    private static final String MACHINE_MAIN = """
            package consumer;

            import dev.supermachine.Image;
            import dev.supermachine.Vm;
            import dev.supermachine.VmConfig;

            public final class Main {

                public static void main(String[] arguments) {
                    Image image = Image.builder("%s").withCmd("sleep", "1000").withMemoryMib(128).build();
                    try (Vm vm = image.start(VmConfig.defaults())) {
                        System.out.print("guest: " + vm.exec("echo", "restored").stdoutText());
                    }
                    System.out.println("library: " + Image.class.getModule());
                    System.out.println("class path: '" + System.getProperty("java.class.path") + "'");
                }
            }
            """.formatted(Guests.BUSYBOX);

    private static final String TEST_MODULE = """
            module consumer {
                requires dev.supermachine.junit;
                requires org.junit.platform.launcher;

                opens consumer to org.junit.platform.commons;
            }
            """;

    private static final String TEST_MAIN = """
            package consumer;

            import dev.supermachine.Vm;
            import dev.supermachine.junit.MicroVm;
            import org.junit.jupiter.api.Test;
            import org.junit.platform.engine.discovery.DiscoverySelectors;
            import org.junit.platform.launcher.LauncherSession;
            import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
            import org.junit.platform.launcher.core.LauncherFactory;
            import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

            public final class Main {

                public static void main(String[] arguments) {
                    SummaryGeneratingListener listener = new SummaryGeneratingListener();
                    try (LauncherSession session = LauncherFactory.openSession()) {
                        session.getLauncher().execute(LauncherDiscoveryRequestBuilder.request()
                                .selectors(DiscoverySelectors.selectClass(GuestTestCase.class))
                                .build(), listener);
                    }
                    listener.getSummary().getFailures().forEach(failure -> failure.getException().printStackTrace(System.out));
                    System.out.println("succeeded: " + listener.getSummary().getTestsSucceededCount());
                    System.out.println("library: " + MicroVm.class.getModule());
                    System.out.println("class path: '" + System.getProperty("java.class.path") + "'");
                }

                @MicroVm(image = "%s", cmd = {"sleep", "1000"}, memoryMib = 128)
                static class GuestTestCase {

                    @Test
                    void runs(Vm vm) {
                        System.out.print("guest: " + vm.exec("echo", "restored").stdoutText());
                    }
                }
            }
            """.formatted(Guests.BUSYBOX);

    @BeforeAll
    static void requireRegistry() {
        Guests.requireRegistry();
    }

    @Test
    void restoresAMachine(@TempDir Path directory) throws IOException, InterruptedException {
        List<String> output = compileAndRun(directory, MACHINE_MODULE, MACHINE_MAIN, FOR_MACHINES.stream());

        assertThat(output).contains("guest: restored", "library: module dev.supermachine.core", "class path: ''");
    }

    @Test
    void runsATestWithAMachine(@TempDir Path directory) throws IOException, InterruptedException {
        List<String> output = compileAndRun(
                directory, TEST_MODULE, TEST_MAIN, Stream.concat(FOR_MACHINES.stream(), FOR_TESTS.stream()));

        assertThat(output)
                .contains(
                        "guest: restored", "succeeded: 1", "library: module dev.supermachine.junit", "class path: ''");
    }

    /** Its lines, of both streams. */
    private static List<String> compileAndRun(Path directory, String module, String main, Stream<String> classes)
            throws IOException, InterruptedException {
        String modules = path(Stream.concat(classes.map(ModulePathIT::pathOfClass), Stream.of(pathOfKernel())));
        Path consumer = compile(directory, module, main, modules);
        Path output = directory.resolve("output");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--module-path",
                        modules + File.pathSeparator + consumer,
                        "--module",
                        "consumer/consumer.Main")
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor(3, TimeUnit.MINUTES))
                    .as("the JVM ends; so far: %s", Files.readString(output))
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.exitValue())
                .as("the exit status of the JVM that said %s", Files.readString(output))
                .isZero();
        return Files.readAllLines(output);
    }

    private static Path compile(Path directory, String module, String main, String modules) throws IOException {
        Path sources = Files.createDirectories(directory.resolve("sources/consumer"));
        Path classes = directory.resolve("classes");
        int status = ToolProvider.getSystemJavaCompiler()
                .run(
                        null,
                        null,
                        null,
                        "-proc:none",
                        "--module-path",
                        modules
                                + File.pathSeparator
                                + path(FOR_THE_COMPILER.stream().map(ModulePathIT::pathOfClass)),
                        "-d",
                        classes.toString(),
                        Files.writeString(directory.resolve("sources/module-info.java"), module)
                                .toString(),
                        Files.writeString(sources.resolve("Main.java"), main).toString());
        assertThat(status)
                .as("the exit status of the compiler, which said why above")
                .isZero();
        return classes;
    }

    private static String path(Stream<Path> parts) {
        return parts.distinct().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    }

    private static Path pathOfClass(String name) {
        try {
            return Path.of(Class.forName(name, false, ModulePathIT.class.getClassLoader())
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (ClassNotFoundException | URISyntaxException e) {
            throw new IllegalStateException("The class path has no " + name, e);
        }
    }

    /** The jar that holds the kernel: it has no class. As a folder it would be no module. */
    private static Path pathOfKernel() {
        URL properties = ModulePathIT.class.getClassLoader().getResource(KERNEL);
        assertThat(properties).as("the kernel's jar is on the class path").isNotNull();
        Path path = Path.of(KERNEL_JAR.matcher(properties.toString()).replaceFirst("$1"));
        assertThat(path).as("the kernel's jar, for which Maven must package it").isRegularFile();
        return path;
    }
}
