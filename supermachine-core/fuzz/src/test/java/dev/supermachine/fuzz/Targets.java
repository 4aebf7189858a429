package dev.supermachine.fuzz;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The targets by name, from the list that {@code bin/fuzz} reads too. A target is a class with a {@code static void fuzzerTestOneInput(byte[])}. */
final class Targets {

    private static final String LIST = "/targets";

    private Targets() {}

    static Map<String, MethodHandle> all() {
        Map<String, MethodHandle> targets = new LinkedHashMap<>();
        for (String line : lines()) {
            if (!line.isBlank() && !line.startsWith("#")) {
                List<String> words = List.of(line.split(" ", -1));
                targets.put(words.get(0), method(words.get(1)));
            }
        }
        return targets;
    }

    private static List<String> lines() {
        try (InputStream in = Targets.class.getResourceAsStream(LIST)) {
            if (in == null) {
                throw new IllegalStateException("The resource " + LIST + " is not on the class path");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static MethodHandle method(String className) {
        try {
            return MethodHandles.publicLookup()
                    .findStatic(
                            Class.forName(className),
                            "fuzzerTestOneInput",
                            MethodType.methodType(void.class, byte[].class));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("The list of targets names " + className + ", which is none", e);
        }
    }
}
