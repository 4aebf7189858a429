package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.vmm.RecordingIo.Write;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Guests of a few instructions on the host's KVM: their I/O, and how they end. */
@Timeout(120)
class VmCoreIT {

    @BeforeAll
    static void needsKvm() {
        TestMachine.assumeKvm();
    }

    @Test
    void writesAPortAndHalts() throws Exception {
        try (TestMachine machine = TestMachine.running("""
                b0 2a           ; mov al, 42
                e6 10           ; out 0x10, al
                f4              ; hlt
                """)) {
            assertThat(machine.ports.next()).isEqualTo(new Write(0x10, 1, 42));
        }
    }
}
