package dev.supermachine.engine.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.engine.MachineSpec;
import dev.supermachine.engine.SnapshotSource;
import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonFormatException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class QemuCommandTest {

    private static final QemuBinary BINARY = new QemuBinary(Path.of("/opt/qemu"), "7.2.22", 7);
    private static final Path DIRECTORY = Path.of("/snap, \"shots\"/x");
    private static final MachineSpec SPEC = new MachineSpec(
            "a,b",
            Path.of("/k"),
            Path.of("/i"),
            List.of("own=1", "panic=5"),
            Path.of("/root, \"image\""),
            512,
            2,
            DIRECTORY);
    private static final SnapshotSource SOURCE =
            new SnapshotSource("a,b", DIRECTORY, Path.of("/root, \"image\""), 512, 2);

    private final QemuCommand command = new QemuCommand(BINARY, Accelerator.TCG, Path.of("/run/s,1"));

    @Test
    void bootAndRestoreHaveTheSameDevices() {
        List<String> boot = command.boot(SPEC, 2_600_000);
        List<String> restore = command.restore(SOURCE, QemuDisks.NONE);
        int memory = boot.indexOf("-kernel") - 1;
        assertThat(restore.subList(0, memory)).isEqualTo(boot.subList(0, memory));
        assertThat(boot.subList(memory + 1, boot.size()))
                .containsExactly(
                        "-kernel",
                        "/k",
                        "-initrd",
                        "/i",
                        "-append",
                        "console=ttyS0 panic=-1 reboot=t tsc_early_khz=2600000 no_timer_check random.trust_cpu=on own=1"
                                + " panic=5");
        assertThat(restore.subList(memory + 1, restore.size())).containsExactly("-S", "-incoming", "defer");
    }

    @Test
    void onlyABootWritesTheMemoryFile() throws JsonFormatException {
        for (boolean boots : new boolean[] {true, false}) {
            List<String> arguments = boots ? command.boot(SPEC, 1) : command.restore(SOURCE, QemuDisks.NONE);
            JsonDocument memory = JsonDocument.parse(arguments.get(arguments.lastIndexOf("-object") + 1));
            assertThat(memory.bool("share", !boots)).isEqualTo(boots);
            assertThat(memory.string("mem-path")).isEqualTo("/snap, \"shots\"/x/ram");
            assertThat(memory.integer("size")).isEqualTo(512L << 20);
        }
    }

    @Test
    void pathsAndNamesAreTakenLiterally() throws JsonFormatException {
        List<String> arguments = command.restore(SOURCE, QemuDisks.NONE);
        assertThat(arguments).startsWith("/opt/qemu", "-name", "guest=a,,b,debug-threads=on");
        assertThat(arguments).contains("socket,id=agent,path=/run/s,,1/a");
        JsonDocument disk = JsonDocument.parse(arguments.get(arguments.indexOf("-blockdev") + 1));
        assertThat(disk.bool("read-only", false)).isTrue();
        assertThat(disk.object("file").string("filename")).isEqualTo("/root, \"image\"");
    }

    @Test
    void guestIsConfined() {
        assertThat(command.boot(SPEC, 1))
                .containsSequence("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny")
                .contains("-nodefaults", "-no-user-config");
    }

    @Test
    void machineHasNoDevicesThatTheKernelLeavesUnprogrammed() {
        for (Accelerator accelerator : Accelerator.values()) {
            assertThat(new QemuCommand(BINARY, accelerator, Path.of("/s")).boot(SPEC, 1))
                    .containsSequence(
                            "-machine", "microvm,acpi=on,pic=off,pit=off,auto-kernel-cmdline=off,memory-backend=ram");
        }
    }

    @Test
    void acceleratorChoosesTheProcessor() {
        assertThat(command.restore(SOURCE, QemuDisks.NONE))
                .containsSequence("-accel", "tcg,thread=single", "-cpu", "max,la57=off");
        assertThat(command.restore(new SnapshotSource("one", DIRECTORY, Path.of("/root"), 512, 1), QemuDisks.NONE))
                .containsSequence("-accel", "tcg", "-cpu", "max,la57=off");
        assertThat(new QemuCommand(BINARY, Accelerator.KVM, Path.of("/s")).restore(SOURCE, QemuDisks.NONE))
                .containsSequence("-accel", "kvm", "-cpu", "host");
    }
}
