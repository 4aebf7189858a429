package dev.supermachine.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Holds the command line to the plan of docs/architecture.md. */
class CliArchitectureTest {

    private static final String CLI = "dev.supermachine.cli";

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.supermachine");

    @Test
    void theScanFoundTheCommandLineAndTheLibrary() {
        assertThat(CLASSES.containPackage(CLI)).isTrue();
        assertThat(CLASSES.containPackage("dev.supermachine.image")).isTrue();
    }

    @Test
    void nothingUsesTheCommandLineOrItsParser() {
        noClasses()
                .that()
                .resideOutsideOfPackage(CLI)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(CLI, "picocli..")
                .check(CLASSES);
    }

    @Test
    void itUsesTheLibraryAndNotWhatIsBehindIt() {
        noClasses()
                .that()
                .resideInAPackage(CLI)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "com.google.gson..", "com.sun.jna..", "dev.supermachine.linux..", "dev.supermachine.vmm..")
                .check(CLASSES);
    }

    @Test
    void onlyTheTerminalKnowsTheStreamsOfTheProcess() {
        noClasses()
                .that()
                .resideInAPackage(CLI)
                .and()
                .doNotHaveSimpleName("Terminal")
                .should(ACCESS_STANDARD_STREAMS)
                .check(CLASSES);
    }
}
