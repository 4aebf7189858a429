package dev.supermachine;

import static com.tngtech.archunit.base.DescribedPredicate.alwaysTrue;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_THROW_GENERIC_EXCEPTIONS;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.junit.jupiter.api.Test;

/** Holds the code to the plan of docs/architecture.md. */
class ArchitectureTest {

    private static final String ROOT = "dev.supermachine";

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("supermachine-native"))
            .importPackages(ROOT);

    @Test
    void theScanFoundTheLibrary() {
        assertThat(CLASSES.size()).isGreaterThan(120);
    }

    @Test
    void packagesFollowTheWayOfTheData() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("api")
                .definedBy(ROOT)
                .layer("text")
                .definedBy(ROOT + ".text")
                .layer("json")
                .definedBy(ROOT + ".json")
                .layer("hash")
                .definedBy(ROOT + ".hash")
                .layer("code")
                .definedBy(ROOT + ".code")
                .layer("settings")
                .definedBy(ROOT + ".settings")
                .layer("tar")
                .definedBy(ROOT + ".tar")
                .layer("oci")
                .definedBy(ROOT + ".oci")
                .layer("rootfs")
                .definedBy(ROOT + ".rootfs")
                .layer("engine")
                .definedBy(ROOT + ".engine..")
                .layer("guest")
                .definedBy(ROOT + ".guest")
                .layer("snapshot")
                .definedBy(ROOT + ".snapshot")
                .layer("volume")
                .definedBy(ROOT + ".volume")
                .layer("bake")
                .definedBy(ROOT + ".bake")
                .layer("pool")
                .definedBy(ROOT + ".pool")
                .layer("image")
                .definedBy(ROOT + ".image")
                .whereLayer("api")
                .mayOnlyAccessLayers("image")
                .whereLayer("text")
                .mayNotAccessAnyLayer()
                .whereLayer("json")
                .mayOnlyAccessLayers("text")
                .whereLayer("hash")
                .mayNotAccessAnyLayer()
                .whereLayer("code")
                .mayOnlyAccessLayers("hash")
                .whereLayer("settings")
                .mayOnlyAccessLayers("api")
                .whereLayer("tar")
                .mayOnlyAccessLayers("api", "text")
                .whereLayer("oci")
                .mayOnlyAccessLayers("api", "text", "json", "hash", "tar")
                .whereLayer("rootfs")
                .mayOnlyAccessLayers("api", "text", "hash", "tar")
                .whereLayer("engine")
                .mayOnlyAccessLayers("api", "text", "json", "settings")
                .whereLayer("guest")
                .mayOnlyAccessLayers("api", "text", "hash", "settings", "tar", "engine")
                .whereLayer("snapshot")
                .mayOnlyAccessLayers("api", "text", "json", "hash", "settings", "engine")
                .whereLayer("volume")
                .mayOnlyAccessLayers("api", "snapshot")
                .whereLayer("bake")
                .mayOnlyAccessLayers(
                        "api",
                        "text",
                        "json",
                        "hash",
                        "code",
                        "settings",
                        "oci",
                        "rootfs",
                        "engine",
                        "guest",
                        "snapshot",
                        "volume")
                .whereLayer("pool")
                .mayOnlyAccessLayers("api", "text", "json", "settings", "engine", "guest", "snapshot")
                .whereLayer("image")
                .mayOnlyAccessLayers("api", "settings", "oci", "engine", "snapshot", "bake", "pool")
                .check(CLASSES);
    }

    @Test
    void bootstrapIsTheOnlyEdgeFromTheApiToTheRest() {
        noClasses()
                .that()
                .resideInAPackage(ROOT)
                .and()
                .doNotHaveSimpleName("Bootstrap")
                .should()
                .dependOnClassesThat(resideInAnyPackage(ROOT + ".*.."))
                .check(CLASSES);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching(ROOT + ".(*)..")
                .should()
                .beFreeOfCycles()
                .ignoreDependency(simpleName("Bootstrap"), alwaysTrue())
                .check(CLASSES);
    }

    @Test
    void jsonIsReadAndWrittenInOnePackage() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + ".json")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("com.google.gson..")
                .check(CLASSES);
    }

    @Test
    void classFilesAreReadInOnePackage() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + ".code")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.objectweb.asm..")
                .check(CLASSES);
    }

    @Test
    void nativeCodeIsCalledInTheNativeModuleOnly() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAPackage("com.sun.jna..")
                .check(CLASSES);
    }

    @Test
    void nothingPrintsOrThrowsAnythingGeneric() {
        NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING.check(CLASSES);
        NO_CLASSES_SHOULD_THROW_GENERIC_EXCEPTIONS.check(CLASSES);
        NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS.check(CLASSES.that(not(simpleName("ProgressRenderer"))));
    }

    @Test
    void everyPackageIsNullMarked() {
        CLASSES.stream()
                .map(JavaClass::getPackage)
                .distinct()
                .forEach(javaPackage -> assertThat(
                                javaPackage.isAnnotatedWith(org.jspecify.annotations.NullMarked.class))
                        .as("%s has a package-info with @NullMarked", javaPackage.getName())
                        .isTrue());
    }

    @Test
    void everyPublicTypeOfTheApiSaysHowStableItIs() {
        classes()
                .that()
                .resideInAPackage(ROOT)
                .and()
                .arePublic()
                .should()
                .beAnnotatedWith(API.class)
                .check(CLASSES);
    }

    @Test
    void signaturesOfTheApiHaveOnlyTypesOfTheJdkAndItsOwn() {
        methods()
                .that()
                .areDeclaredInClassesThat()
                .resideInAPackage(ROOT)
                .and()
                .arePublic()
                .should(haveOnlyTypesOfTheJdkAndTheApi())
                .check(CLASSES);
    }

    private static ArchCondition<JavaMethod> haveOnlyTypesOfTheJdkAndTheApi() {
        return new ArchCondition<>("have only types of the JDK and the API in their signature") {
            @Override
            public void check(JavaMethod method, ConditionEvents events) {
                Stream.concat(Stream.of(method.getRawReturnType()), method.getRawParameterTypes().stream())
                        .map(JavaClass::getBaseComponentType)
                        .filter(type -> !type.isPrimitive()
                                && !type.getPackageName().startsWith("java.")
                                && !type.getPackageName().equals(ROOT))
                        .forEach(type -> events.add(SimpleConditionEvent.violated(
                                method, method.getFullName() + " has " + type.getName())));
            }
        };
    }
}
