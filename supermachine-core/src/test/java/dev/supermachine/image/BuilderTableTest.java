package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.OciImageBuilder;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The table of all setters in docs/builder.md has every setter, those of the original and those of this library, and tests that exist. */
class BuilderTableTest {

    /** What the original has. */
    private static final List<String> ORIGINAL = List.of(
            "new",
            "with_platform",
            "with_extra_file",
            "with_oci_archive",
            "with_oci_layout",
            "with_mount",
            "with_mount_symlinks",
            "with_volume",
            "with_extra_kernel_arg",
            "with_vcpus",
            "with_name",
            "with_pull_policy",
            "with_memory_mib",
            "with_guest_port",
            "with_cmd",
            "with_env",
            "with_snapshots_dir",
            "with_warmup",
            "with_warmup_tag",
            "with_listener_required");

    static List<String> setters() {
        return Arrays.stream(OciImageBuilder.class.getMethods())
                .map(Method::getName)
                .filter(name -> name.startsWith("with"))
                .distinct()
                .sorted()
                .toList();
    }

    @Test
    void itHasEverySetterOfTheOriginalInItsOrder() throws IOException {
        assertThat(BuilderTable.rows())
                .extracting(BuilderTable.Row::original)
                .filteredOn(name -> !name.equals("–"))
                .isEqualTo(ORIGINAL);
    }

    @Test
    void theNamesAreThoseOfTheOriginalInJavasForm() throws IOException {
        for (BuilderTable.Row row : BuilderTable.rows()) {
            if (row.original().startsWith("with_")) {
                StringBuilder name = new StringBuilder();
                for (String word : row.original().split("_", -1)) {
                    name.append(name.length() == 0 ? word : Character.toUpperCase(word.charAt(0)) + word.substring(1));
                }
                assertThat(row.method()).isEqualTo(name.toString());
            }
        }
    }

    @Test
    void itHasEverySetterThereIsAndSaysOfTheOthersThatTheyAreNotThereYet() throws IOException {
        List<BuilderTable.Row> rows = BuilderTable.rows();
        assertThat(rows).extracting(BuilderTable.Row::method).doesNotHaveDuplicates();
        assertThat(rows)
                .filteredOn(row -> row.isThere() && row.method().startsWith("with"))
                .extracting(BuilderTable.Row::method)
                .containsExactlyInAnyOrderElementsOf(setters());
        assertThat(rows).filteredOn(row -> !row.isThere()).allSatisfy(row -> {
            assertThat(setters()).doesNotContain(row.method());
            assertThat(row.fingerprint()).isEqualTo("–");
        });
    }

    @Test
    void theTestsItNamesExist() throws IOException {
        List<Path> sources;
        try (Stream<Path> files = Files.walk(BuilderTable.PROJECT)) {
            sources = files.filter(file -> file.toString().contains("/src/test/java/")
                            && file.toString().endsWith(".java"))
                    .toList();
        }
        for (BuilderTable.Row row : BuilderTable.rows()) {
            for (BuilderTable.Test test : row.tests()) {
                List<Path> named = sources.stream()
                        .filter(file -> file.endsWith(test.type() + ".java"))
                        .toList();
                assertThat(named)
                        .as("the source of %s, for %s", test, row.method())
                        .hasSize(1);
                assertThat(Files.readString(named.get(0))).contains("    void " + test.method() + "(");
            }
        }
    }
}
