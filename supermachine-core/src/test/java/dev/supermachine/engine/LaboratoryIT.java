package dev.supermachine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the tests tagged {@code lab} count on in the laboratory (bin/lab); outside of it there is nothing to test. */
@Tag("lab")
@Tag("lab-smoke")
@Tag("lab-only")
class LaboratoryIT {

    @Test
    void testsAreToldWhereTheyAre() {
        assertThat(Boolean.getBoolean("supermachine.lab")).isTrue();
    }

    @Test
    void kvmIsTheProcessorsWithNestedPageTables() throws IOException {
        Path module = Path.of("/sys/module/kvm_amd");
        assertThat(module).isDirectory();
        assertThat(Files.readString(module.resolve("parameters/npt"))).startsWith("Y");
        assertThat(Path.of("/dev/kvm")).isReadable().isWritable();
    }

    @Test
    void machinesRunOnTheProcessor() {
        assertThat(EngineSelector.engines()).allSatisfy(engine -> {
            Availability availability = engine.probe();
            assertThat(availability.usable()).as(availability.reason()).isTrue();
        });
        assertThat(EngineSelector.select(null).id()).endsWith("kvm");
    }
}
