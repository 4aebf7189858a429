package dev.supermachine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KvmDeviceTest {

    @TempDir
    private Path directory;

    private KvmDevice kvm;

    @BeforeEach
    void place() throws IOException {
        kvm = new KvmDevice(directory.resolve("kvm"), Files.createDirectory(directory.resolve("module")));
    }

    @Test
    void missingDeviceHasItsOwnWords() {
        assertThat(kvm.obstacle())
                .hasValueSatisfying(reason -> assertThat(reason)
                        .startsWith(kvm.device() + " does not exist:")
                        .contains("sudo modprobe kvm_intel")
                        .contains("--device"));
    }

    @Test
    void deviceThatCanBeOpenedIsNoObstacle() throws IOException {
        Files.createFile(kvm.device());
        assertThat(kvm.obstacle()).isEmpty();
    }

    @Test
    void refusedUserIsToldTheGroup() throws IOException {
        Files.createFile(kvm.device());
        String group = Files.readAttributes(kvm.device(), PosixFileAttributes.class)
                .group()
                .getName();
        assertThat(kvm.notAllowed("ann"))
                .isEqualTo("user ann may not open " + kvm.device() + ". Add it to the device's group (sudo usermod -aG "
                        + group + " ann) and log in again.");
    }

    @Test
    void tellsSoftwareFromHardware() throws IOException {
        assertThat(kvm.backend()).startsWith("no module for a processor's virtualisation");
        Files.createDirectory(kvm.modules().resolve("kvm"));
        Files.createDirectory(kvm.modules().resolve("kvm_pvm"));
        assertThat(kvm.backend())
                .isEqualTo("behind it is the software module kvm_pvm, not a processor's virtualisation");
        Files.createDirectory(kvm.modules().resolve("kvm_amd"));
        assertThat(kvm.backend()).isEqualTo("the module behind it is kvm_amd, kvm_pvm");
    }

    @Test
    void isSoftwareOnlyIfAModuleOfAnotherKindIsSeenAlone() throws IOException {
        assertThat(kvm.isSoftware()).isFalse();
        Files.createDirectory(kvm.modules().resolve("kvm"));
        assertThat(kvm.isSoftware()).isFalse();
        Files.createDirectory(kvm.modules().resolve("kvm_pvm"));
        assertThat(kvm.isSoftware()).isTrue();
        Files.createDirectory(kvm.modules().resolve("kvm_intel"));
        assertThat(kvm.isSoftware()).isFalse();
        assertThat(new KvmDevice(kvm.device(), directory.resolve("nowhere")).isSoftware())
                .isFalse();
    }

    @Test
    void circumstancesChangeWithTheDeviceAndItsModules() throws IOException {
        List<String> without = kvm.circumstances();
        Files.createFile(kvm.device());
        List<String> with = kvm.circumstances();
        assertThat(with).isNotEqualTo(without).isEqualTo(kvm.circumstances());
        Files.createDirectory(kvm.modules().resolve("kvm_amd"));
        assertThat(kvm.circumstances()).isNotEqualTo(with);
    }
}
