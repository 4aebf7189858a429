package dev.supermachine.engine.qemu;

import dev.supermachine.engine.MachineSpec;
import dev.supermachine.engine.SnapshotSource;
import dev.supermachine.json.JsonWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * QEMU's arguments. The devices of a boot and of a restore are the same, since the state of the one is loaded into the other. Wherever QEMU takes JSON, it gets
 * JSON, because there names and paths need no quoting of its own kind.
 *
 * @param binary the QEMU to run
 * @param accelerator how it runs the guest
 * @param sockets the private directory in which it finds our listening sockets
 */
record QemuCommand(QemuBinary binary, Accelerator accelerator, Path sockets) {

    static final String AGENT_PORT = "dev.supermachine.agent";
    static final String MACHINE_TYPE = "microvm";

    /**
     * The machine's type and which devices it has, on which its state depends. The kernel is told by ACPI that this hardware is reduced, and programs neither
     * the interrupt controller nor the timer of the PC; left in the machine, they may interrupt it at vector 0, which it takes for a division by zero.
     */
    static final String MACHINE = MACHINE_TYPE + ",acpi=on,pic=off,pit=off";

    /** The listening sockets, which QEMU connects to; the names are short because socket paths are. */
    static final String MONITOR_SOCKET = "q";

    static final String CONSOLE_SOCKET = "c";
    static final String AGENT_SOCKET = "a";

    /** The files of a snapshot. */
    static final String RAM_FILE = "ram";

    static final String STATE_FILE = "state";

    private static final String SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

    /** Arguments that boot a kernel, with the guest's memory in a file that others can read. */
    List<String> boot(MachineSpec spec, long tscKhz) {
        List<String> arguments = common(spec.name(), spec.memoryMib(), spec.vcpus(), spec.rootImage());
        arguments.addAll(volumes(QemuDisks.written(spec.volumes())));
        arguments.addAll(memory(spec.directory(), spec.memoryMib(), true));
        arguments.addAll(List.of("-kernel", absolute(spec.kernel())));
        arguments.addAll(List.of("-initrd", absolute(spec.initrd())));
        arguments.addAll(List.of("-append", kernelArguments(spec, tscKhz)));
        return arguments;
    }

    /** Arguments that wait for a state, on a private view of the snapshot's memory. */
    List<String> restore(SnapshotSource snapshot, QemuDisks volumes) {
        List<String> arguments = common(snapshot.name(), snapshot.memoryMib(), snapshot.vcpus(), snapshot.rootImage());
        arguments.addAll(volumes(volumes));
        arguments.addAll(memory(snapshot.directory(), snapshot.memoryMib(), false));
        arguments.addAll(List.of("-S", "-incoming", "defer"));
        return arguments;
    }

    /** Ours, then the caller's, which so win. */
    static String kernelArguments(MachineSpec spec, long tscKhz) {
        List<String> arguments = new ArrayList<>(List.of(
                "console=ttyS0",
                // A guest that panics or ends reboots at once, by a triple fault, which -no-reboot makes the end of
                // QEMU.
                "panic=-1",
                "reboot=t",
                // Without it the kernel calibrates the counter against emulated timers; on a busy host that fails and
                // the boot hangs without a word.
                "tsc_early_khz=" + tscKhz,
                "no_timer_check",
                "random.trust_cpu=on"));
        arguments.addAll(spec.kernelArguments());
        return String.join(" ", arguments);
    }

    private List<String> common(String name, int memoryMib, int vcpus, Path rootImage) {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("driver", "raw");
        root.put("node-name", "root");
        root.put("read-only", true);
        root.put("file", QemuDisks.file(rootImage, true));
        return new ArrayList<>(List.of(
                binary.path().toString(),
                "-name",
                "guest=" + escape(name) + ",debug-threads=on",
                "-nodefaults",
                "-no-user-config",
                "-no-reboot",
                "-display",
                "none",
                "-sandbox",
                SANDBOX,
                "-machine",
                MACHINE + ",auto-kernel-cmdline=off,memory-backend=ram",
                "-accel",
                accelerator.option(vcpus),
                "-cpu",
                accelerator.cpu(),
                "-smp",
                Integer.toString(vcpus),
                "-m",
                memoryMib + "M",
                "-global",
                "virtio-mmio.force-legacy=false",
                "-chardev",
                socket("monitor", MONITOR_SOCKET),
                "-mon",
                "chardev=monitor,mode=control",
                "-chardev",
                socket("console", CONSOLE_SOCKET),
                "-serial",
                "chardev:console",
                "-blockdev",
                JsonWriter.compact(root),
                "-device",
                "virtio-blk-device,drive=root,serial=root",
                "-device",
                "virtio-serial-device",
                "-chardev",
                socket("agent", AGENT_SOCKET),
                "-device",
                "virtserialport,chardev=agent,name=" + AGENT_PORT,
                "-object",
                "rng-random,id=rng,filename=/dev/urandom",
                "-device",
                "virtio-rng-device,rng=rng"));
    }

    private static List<String> volumes(QemuDisks disks) {
        List<String> arguments = new ArrayList<>();
        for (Map<String, Object> node : disks.nodes()) {
            String device = QemuDisks.device(arguments.size() / 4);
            arguments.addAll(List.of("-blockdev", JsonWriter.compact(node), "-device", device));
        }
        return arguments;
    }

    private String socket(String id, String file) {
        return "socket,id=" + id + ",path=" + escape(sockets.resolve(file).toString());
    }

    private static List<String> memory(Path directory, int memoryMib, boolean shared) {
        Map<String, Object> backend = new LinkedHashMap<>();
        backend.put("qom-type", "memory-backend-file");
        backend.put("id", "ram");
        backend.put("mem-path", absolute(directory.resolve(RAM_FILE)));
        backend.put("size", bytes(memoryMib));
        backend.put("share", shared);
        return List.of("-object", JsonWriter.compact(backend));
    }

    private static String absolute(Path path) {
        return path.toAbsolutePath().toString();
    }

    static long bytes(int memoryMib) {
        return (long) memoryMib << 20;
    }

    /** In QEMU's option lists a comma is doubled. */
    static String escape(String value) {
        return value.replace(",", ",,");
    }
}
