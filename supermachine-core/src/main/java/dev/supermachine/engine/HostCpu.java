package dev.supermachine.engine;

import dev.supermachine.EngineException;
import dev.supermachine.linux.TimestampCounter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The processor that machines run on.
 *
 * @param model the model's name as Linux tells it
 * @param tscKhz the frequency of its time stamp counter in kHz
 * @since 0.1
 */
public record HostCpu(String model, long tscKhz) {

    /**
     * How coarsely two frequencies are told apart. A kernel's clock runs wrong by the difference between the baking and the restoring host: below 0.5 % for
     * usual processors, while measuring twice on one host stays within a few kHz.
     */
    private static final long BUCKET_MHZ = 10;

    private static final class Holder {
        private static final HostCpu INSTANCE = read();
    }

    /**
     * This machine's, read and measured once, which takes 50 ms.
     *
     * @return the processor
     */
    public static HostCpu instance() {
        return Holder.INSTANCE;
    }

    /**
     * The frequency, rounded for fingerprints.
     *
     * @return such as {@code 2450 MHz}
     */
    public String tscBucket() {
        return Math.round(tscKhz / 1000.0 / BUCKET_MHZ) * BUCKET_MHZ + " MHz";
    }

    /**
     * Whether this system is a virtual machine itself.
     *
     * @return true if its processor says so; false if that cannot be told
     */
    public static boolean isVirtual() {
        try {
            return isVirtual(Files.readAllLines(Path.of("/proc/cpuinfo")));
        } catch (IOException e) {
            return false;
        }
    }

    /** By the flag that hypervisors set: CPUID leaf 1, ECX, bit 31. */
    static boolean isVirtual(List<String> cpuinfo) {
        return field(cpuinfo, "flags")
                .filter(flags -> List.of(flags.split(" ")).contains("hypervisor"))
                .isPresent();
    }

    private static HostCpu read() {
        List<String> lines;
        try {
            lines = Files.readAllLines(Path.of("/proc/cpuinfo"));
        } catch (IOException e) {
            throw new EngineException("Cannot read /proc/cpuinfo: " + e.getMessage() + ". Is /proc mounted?", e);
        }
        OptionalLong measured = TimestampCounter.measureKhz();
        long khz = measured.isPresent()
                ? measured.getAsLong()
                : Math.round(Double.parseDouble(field(lines, "cpu MHz").orElse("0")) * 1000);
        return new HostCpu(field(lines, "model name").orElse("unknown"), khz);
    }

    /** The value of the first line of that name. */
    static Optional<String> field(List<String> cpuinfo, String name) {
        return cpuinfo.stream()
                .filter(line -> line.startsWith(name) && line.indexOf(':') > 0)
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst();
    }
}
