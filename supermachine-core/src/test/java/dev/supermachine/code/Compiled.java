package dev.supermachine.code;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Warmup;
import java.io.IOException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.tools.ToolProvider;

/** A source file that the compiler of this JDK has made classes of, in a loader of its own as in a JVM of its own. */
final class Compiled {

    private final Path classes;

    private Compiled(Path classes) {
        this.classes = classes;
    }

    /** A class {@code Sample}, whose static method {@code make} makes the warm-up. */
    static Compiled of(Path directory, String source, String... options) throws IOException {
        Path sources = Files.createTempDirectory(directory, "source");
        Path classes = Files.createTempDirectory(directory, "classes");
        Path file = Files.writeString(sources.resolve("Sample.java"), """
                import dev.supermachine.Vm;
                import dev.supermachine.Warmup;
                import java.util.*;
                """ + source);
        List<String> arguments = new ArrayList<>(List.of(options));
        arguments.addAll(List.of(
                "-proc:none",
                "-d",
                classes.toString(),
                "-classpath",
                Path.of(Warmup.class
                                .getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                                .getPath())
                        .toString(),
                file.toString()));
        int status = ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(String[]::new));
        assertThat(status).as("the compiler's status for %s", source).isZero();
        return new Compiled(classes);
    }

    Path classes() {
        return classes;
    }

    String identity() throws IOException {
        try (URLClassLoader loader = loader()) {
            return CodeIdentity.of(make(loader), Warmup.class);
        }
    }

    URLClassLoader loader() throws IOException {
        return new URLClassLoader(new URL[] {classes.toUri().toURL()}, Warmup.class.getClassLoader());
    }

    static Warmup make(ClassLoader loader) {
        try {
            Method make = loader.loadClass("Sample").getDeclaredMethod("make");
            make.setAccessible(true);
            return (Warmup) make.invoke(null);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }
}
