package dev.supermachine.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The kernel's virtualisation as seen in the file system.
 *
 * @param device usually {@code /dev/kvm}
 * @param modules usually {@code /sys/module}
 * @since 0.1
 */
public record KvmDevice(Path device, Path modules) {

    /** This machine's. */
    public static final KvmDevice SYSTEM = new KvmDevice(Path.of("/dev/kvm"), Path.of("/sys/module"));

    private static final List<String> HARDWARE = List.of("kvm_intel", "kvm_amd");

    /**
     * What stands in the way of opening the device.
     *
     * @return the reason with the next step, or empty
     */
    public Optional<String> obstacle() {
        if (!Files.exists(device)) {
            return Optional.of(
                    device + " does not exist: the processor's virtualisation is switched off in the firmware,"
                            + " this system is a virtual machine or container to which it is not passed on, or the kernel module"
                            + " is not loaded (sudo modprobe kvm_intel, or kvm_amd). A container needs --device "
                            + device + ".");
        }
        if (!Files.isReadable(device) || !Files.isWritable(device)) {
            return Optional.of(notAllowed(System.getProperty("user.name", "this user")));
        }
        return Optional.empty();
    }

    String notAllowed(String user) {
        return "user " + user + " may not open " + device + ". Add it to the device's group (sudo usermod -aG "
                + group() + " " + user + ") and log in again.";
    }

    /**
     * What is behind the device.
     *
     * @return a half sentence for messages about a guest that did not run well
     */
    public String backend() {
        try {
            List<String> loaded = loaded();
            if (loaded.stream().anyMatch(HARDWARE::contains)) {
                return "the module behind it is " + String.join(", ", loaded);
            }
            return loaded.isEmpty()
                    ? "no module for a processor's virtualisation (kvm_intel, kvm_amd) is loaded"
                    : "behind it is the software module "
                            + loaded.stream().collect(Collectors.joining(", "))
                            + ", not a processor's virtualisation";
        } catch (IOException e) {
            return "what is behind it cannot be seen: " + e.getMessage();
        }
    }

    /**
     * Whether the device is served by something else than a processor's virtualisation, as far as that can be seen.
     *
     * @return true if a module of KVM's is loaded, but none for a processor
     */
    public boolean isSoftware() {
        try {
            List<String> loaded = loaded();
            return !loaded.isEmpty() && loaded.stream().noneMatch(HARDWARE::contains);
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * What an answer of a probe that used the device depends on.
     *
     * @return such parts of it as change when the device is made anew or another module serves it
     */
    public List<String> circumstances() {
        String stamp;
        try {
            stamp = ProbeCache.stamp(device);
        } catch (IOException e) {
            stamp = " cannot be looked at";
        }
        return List.of(device + stamp, backend());
    }

    private List<String> loaded() throws IOException {
        try (Stream<Path> entries = Files.list(modules)) {
            return entries.map(entry -> entry.getFileName().toString())
                    .filter(name -> name.startsWith("kvm_"))
                    .sorted()
                    .toList();
        }
    }

    private String group() {
        try {
            return Files.readAttributes(device, PosixFileAttributes.class)
                    .group()
                    .getName();
        } catch (IOException e) {
            return "kvm";
        }
    }
}
