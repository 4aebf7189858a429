package dev.supermachine.junit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Vm;
import java.io.IOException;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The annotation as a user has it, on the engine on KVM: each test method with a machine of its own. */
@Tag("lab")
@Tag("lab-only")
@Tag("lab-smoke")
@Timeout(300)
@MicroVm(
        image = "oci-layout:/lab/images/debian-busybox.oci",
        cmd = {"sleep", "1000000"},
        memoryMib = Guests.MEMORY_MIB,
        env = "COLOUR=blue")
class MicroVmLabIT {

    private static final Set<String> NUMBERS = new HashSet<>();
    private static int methods;

    @RepeatedTest(3)
    void hasAMachineThatNobodyUsedBefore(Vm vm) throws IOException {
        looksNewAndIsKvm(vm);
        vm.writeFile("/etc/mark", "used");
    }

    @Test
    void hasTheEnvironmentOfTheAnnotation(Vm vm) throws IOException {
        looksNewAndIsKvm(vm);
        vm.writeFile("/etc/mark", "used");
        assertThat(vm.exec("sh", "-c", "echo $COLOUR").stdoutText()).isEqualTo("blue\n");
    }

    @Test
    void mayResetItsMachine(Vm vm) throws IOException {
        looksNewAndIsKvm(vm);
        vm.writeFile("/etc/mark", "used");
        vm.reset();
        assertThat(vm.exec("test", "-e", "/etc/mark").success()).isFalse();
    }

    private static void looksNewAndIsKvm(Vm vm) throws IOException {
        methods++;
        assertThat(vm.exec("test", "-e", "/etc/mark").success()).isFalse();
        NUMBERS.add(vm.exec("cat", "/proc/sys/kernel/random/uuid").stdoutText());
        assertThat(Files.readString(vm.image().origin().snapshot().resolve("manifest.json")))
                .contains("\"id\": \"kvm\"");
    }

    @AfterAll
    static void noNumberWasTheSame() {
        assertThat(NUMBERS).hasSize(methods);
    }
}
