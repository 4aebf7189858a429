package dev.supermachine.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every number of KVM's API that stands here in Java is that of the C headers of this system: a C program prints those. */
class KvmLayoutIT {

    @TempDir
    private Path directory;

    @Test
    void requestsHaveTheirNumbers() throws IOException, InterruptedException {
        assertSameInC(constants(KvmRequest.class, name -> name), "linux/kvm.h");
    }

    @Test
    void structuresHaveTheirSizesAndOffsets() throws IOException, InterruptedException {
        Map<String, Long> expected = new LinkedHashMap<>();
        for (Class<?> struct : KvmLayout.class.getDeclaredClasses()) {
            String type = struct == KvmLayout.KvmRunPage.class ? "struct kvm_run" : "struct " + snakeCase(struct);
            expected.putAll(constants(
                    struct,
                    field -> field.equals("SIZEOF")
                            ? "sizeof(" + type + ")"
                            : "offsetof(" + type + ", "
                                    + field.toLowerCase(Locale.ROOT).replace("__", ".") + ")"));
        }
        assertThat(expected).hasSizeGreaterThan(90);
        assertSameInC(expected, "linux/kvm.h");
    }

    @Test
    void capabilitiesAndExitsHaveTheirNumbers() throws IOException, InterruptedException {
        Map<String, Long> expected = new LinkedHashMap<>();
        for (KvmCapability capability : KvmCapability.values()) {
            expected.put("KVM_CAP_" + capability, (long) capability.number());
        }
        expected.putAll(constants(KvmRun.class, name -> "KVM_" + name));
        expected.put("KVM_CPUID_FLAG_SIGNIFCANT_INDEX", (long) CpuidEntry.SIGNIFICANT_INDEX);
        assertSameInC(expected, "linux/kvm.h");
    }

    private static Map<String, Long> constants(Class<?> owner, UnaryOperator<String> expressionOfName) {
        Map<String, Long> constants = new LinkedHashMap<>();
        for (Field field : owner.getDeclaredFields()) {
            if (Modifier.isStatic(field.getModifiers()) && field.getType().isPrimitive()) {
                field.setAccessible(true);
                try {
                    constants.put(expressionOfName.apply(field.getName()), ((Number) field.get(null)).longValue());
                } catch (IllegalAccessException e) {
                    throw new AssertionError(e);
                }
            }
        }
        assertThat(constants).isNotEmpty();
        return constants;
    }

    private static String snakeCase(Class<?> struct) {
        return struct.getSimpleName().replaceAll("([a-z0-9])([A-Z])", "$1_$2").toLowerCase(Locale.ROOT);
    }

    private void assertSameInC(Map<String, Long> expected, String header) throws IOException, InterruptedException {
        String program = expected.keySet().stream()
                .map(expression -> defined(
                        expression, "printf(\"%s=%ld\\n\", \"" + expression + "\", (long) (" + expression + "));\n"))
                .collect(Collectors.joining(
                        "",
                        "#include <stdio.h>\n#include <stddef.h>\n#include <" + header + ">\nint main(void) {\n",
                        "return 0;\n}\n"));
        Path source = Files.writeString(directory.resolve("layout.c"), program);
        Path binary = directory.resolve("layout");
        assertThat(output("cc", "-Wall", "-Werror", "-o", binary.toString(), source.toString()))
                .isEmpty();
        Map<String, Long> found = new LinkedHashMap<>();
        for (String line : output(binary.toString()).split("\n", -1)) {
            int at = line.lastIndexOf('=');
            if (at > 0) {
                found.put(line.substring(0, at), Long.parseLong(line.substring(at + 1)));
            }
        }
        assertThat(found).isEqualTo(known(expected, found));
    }

    /** What is newer than the headers of Debian 12 is compared only with headers that have it. */
    private static final String NEWER = "KVM_EXIT_MEMORY_FAULT";

    private static String defined(String expression, String statement) {
        return expression.equals(NEWER) ? "#ifdef " + NEWER + "\n" + statement + "#endif\n" : statement;
    }

    private static Map<String, Long> known(Map<String, Long> expected, Map<String, Long> found) {
        Map<String, Long> known = new LinkedHashMap<>(expected);
        if (!found.containsKey(NEWER)) {
            known.remove(NEWER);
        }
        return known;
    }

    private static String output(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as("%s", output).isZero();
        return output;
    }
}
