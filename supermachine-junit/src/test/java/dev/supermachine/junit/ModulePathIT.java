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
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Everything on the module path and nothing on the class path: services, resources, exports and JNA's access all work there. */
@Tag("smoke")
class ModulePathIT {

    /** One class of every module, by which its jar is found. */
    private static final List<String> CLASSES = List.of(
            "dev.supermachine.Vm",
            "dev.supermachine.linux.FileLock",
            "ch.qos.logback.classic.Logger",
            "ch.qos.logback.core.Appender",
            "com.github.luben.zstd.Zstd",
            "com.google.gson.Gson",
            "com.sun.jna.Native",
            "org.slf4j.Logger");

    private static final String KERNEL = "dev/supermachine/kernel/x86_64/kernel.properties";

    private static final Pattern KERNEL_JAR = Pattern.compile("^(?:jar:)?file:(.*?)!?/" + Pattern.quote(KERNEL) + "$");

    private static final String MODULE =
            """
            module consumer {
                requires dev.supermachine.core;
            }
            """;

    private static final String MAIN =
            """
            package consumer;

            import dev.supermachine.Image;
            import dev.supermachine.Vm;
            import dev.supermachine.VmConfig;

            public final class Main {

                public static void main(String[] arguments) {
                    Image image = Image.builder(arguments[0]).withCmd("sleep", "1000").withMemoryMib(128).build();
                    try (Vm vm = image.start(VmConfig.defaults())) {
                        System.out.print("guest: " + vm.exec("echo", "restored").stdoutText());
                    }
                    System.out.println("core: " + Image.class.getModule());
                    System.out.println("own: " + Main.class.getModule());
                    System.out.println("class path: '" + System.getProperty("java.class.path") + "'");
                }
            }
            """;

    @Test
    void restoresAMachine(@TempDir Path directory) throws IOException, InterruptedException {
        Guests.requireRegistry();
        String modules = Stream.concat(CLASSES.stream().map(ModulePathIT::pathOfClass), Stream.of(pathOfKernel()))
                .distinct()
                .map(Path::toString)
                .collect(Collectors.joining(File.pathSeparator));
        Path consumer = compile(directory, modules);

        Path output = directory.resolve("output");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--module-path",
                        modules + File.pathSeparator + consumer,
                        "--module",
                        "consumer/consumer.Main",
                        Guests.BUSYBOX)
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

        assertThat(process.exitValue()).as(Files.readString(output)).isZero();
        assertThat(Files.readAllLines(output))
                .contains(
                        "guest: restored",
                        "core: module dev.supermachine.core",
                        "own: module consumer",
                        "class path: ''");
    }

    private static Path compile(Path directory, String modules) throws IOException {
        Path sources = Files.createDirectories(directory.resolve("sources/consumer"));
        Path module = Files.writeString(directory.resolve("sources/module-info.java"), MODULE);
        Path main = Files.writeString(sources.resolve("Main.java"), MAIN);
        Path classes = directory.resolve("classes");
        int status = ToolProvider.getSystemJavaCompiler()
                .run(
                        null,
                        null,
                        null,
                        "-proc:none",
                        "--module-path",
                        modules,
                        "-d",
                        classes.toString(),
                        module.toString(),
                        main.toString());
        assertThat(status).as("the compiler's exit status").isZero();
        return classes;
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

    /** The jar that holds the kernel: it has no class. */
    private static Path pathOfKernel() {
        URL properties = ModulePathIT.class.getClassLoader().getResource(KERNEL);
        assertThat(properties).as("the kernel's jar is on the class path").isNotNull();
        return Path.of(KERNEL_JAR.matcher(properties.toString()).replaceFirst("$1"));
    }
}
