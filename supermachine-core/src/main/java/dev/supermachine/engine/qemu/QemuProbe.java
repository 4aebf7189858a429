package dev.supermachine.engine.qemu;

import dev.supermachine.engine.Availability;
import dev.supermachine.engine.Deadline;
import dev.supermachine.engine.KvmDevice;
import dev.supermachine.engine.PrivateDirectories;
import dev.supermachine.engine.ProbeResult;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Finds out whether QEMU runs guests here, by running one: {@link ProbeGuest}. */
final class QemuProbe {

    /** Until the guest's first instruction: only the start of a process. */
    private static final Duration START = Duration.ofSeconds(10);

    /** From the guest's first instruction to its last; on a processor it takes 10 to 40 ms, by TCG half a second. */
    private static final Duration KVM_RUN = Duration.ofMillis(1500);

    private static final Duration TCG_RUN = Duration.ofSeconds(20);
    private static final Duration EXIT = Duration.ofSeconds(2);

    private static final String SOCKET = "d";
    private static final String NEXT_STEP = "Use bare metal, or a virtual machine with nested virtualisation.";

    private QemuProbe() {}

    static ProbeResult run(QemuBinary binary, Accelerator accelerator) {
        String what = "QEMU " + binary.version() + " at " + binary.path();
        try {
            Path directory = PrivateDirectories.instance().create();
            try {
                return switch (accelerator) {
                    case KVM -> kvm(binary, directory, what);
                    case TCG -> tcg(binary, directory, what);
                };
            } finally {
                PrivateDirectories.delete(directory);
            }
        } catch (IOException e) {
            return ProbeResult.passing(Availability.unusable(what + " did not run a guest: " + e.getMessage()));
        }
    }

    private static ProbeResult kvm(QemuBinary binary, Path directory, String what) {
        KvmDevice device = KvmDevice.SYSTEM;
        Availability unusable;
        try {
            long nanos = runGuest(binary, Accelerator.KVM, directory, KVM_RUN);
            return ProbeResult.lasting(Availability.usable(
                    what + ", on the processor through /dev/kvm; a trial guest took " + nanos / 1_000_000 + " ms"));
        } catch (SocketTimeoutException e) {
            unusable = Availability.unusable("/dev/kvm is there, but a trial guest of "
                    + 2L * ProbeGuest.LOOPS / 1_000_000 + " million instructions did not end within "
                    + KVM_RUN.toMillis() + " ms: " + device.backend() + ". " + NEXT_STEP);
        } catch (IOException e) {
            unusable = Availability.unusable("/dev/kvm is there, but " + what + " did not run a trial guest on it: "
                    + e.getMessage() + "; " + device.backend() + ". " + NEXT_STEP);
        }
        // behind a processor's virtualisation it was a busy host, or another program that has it
        return device.isSoftware() ? ProbeResult.lasting(unusable) : ProbeResult.passing(unusable);
    }

    private static ProbeResult tcg(QemuBinary binary, Path directory, String what) throws IOException {
        long nanos = runGuest(binary, Accelerator.TCG, directory, TCG_RUN);
        return ProbeResult.lasting(Availability.usable(what
                + ", which emulates the processor in software (a trial guest took "
                + nanos / 1_000_000
                + " ms): what runs in machines is some 10 to 30 times slower than on the processor itself,"
                + " while restoring them is not. For full speed, give this system a usable /dev/kvm"));
    }

    /**
     * Runs the guest from its first instruction to its last.
     *
     * @return the nanoseconds it took
     * @throws SocketTimeoutException if it started but did not come to its end
     * @throws IOException if it did not start, with QEMU's error output
     */
    static long runGuest(QemuBinary binary, Accelerator accelerator, Path directory, Duration limit)
            throws IOException {
        Path image = Files.write(directory.resolve("guest"), ProbeGuest.image());
        Path errors = directory.resolve("errors");
        try (ServerSocketChannel server = TimedSocket.listen(directory.resolve(SOCKET))) {
            Process process = Spawner.instance().start(command(binary, accelerator, directory, image), errors);
            try {
                Deadline start = Deadline.in(START);
                try (TimedSocket socket = new TimedSocket(TimedSocket.accept(server, start, process::isAlive))) {
                    expect(socket, ProbeGuest.STARTED, start);
                    long begin = System.nanoTime();
                    expect(socket, ProbeGuest.FINISHED, Deadline.in(limit));
                    return System.nanoTime() - begin;
                }
            } catch (SocketTimeoutException e) {
                throw e;
            } catch (IOException e) {
                throw new IOException(e.getMessage() + lastWords(process, errors), e);
            } finally {
                process.destroyForcibly();
            }
        }
    }

    private static void expect(TimedSocket socket, int expected, Deadline deadline) throws IOException {
        ByteBuffer one = ByteBuffer.allocate(1);
        if (socket.read(one, deadline) < 0) {
            throw new IOException("the guest ended early");
        }
        if (one.get(0) != expected) {
            throw new IOException("the guest said " + one.get(0) + " where " + expected + " was expected");
        }
    }

    private static String lastWords(Process process, Path errors) throws IOException {
        try {
            process.waitFor(EXIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        String text = new String(Files.readAllBytes(errors), StandardCharsets.UTF_8)
                .strip()
                .replace("\n", "; ");
        return text.isEmpty() ? "" : " (" + text + ")";
    }

    private static List<String> command(QemuBinary binary, Accelerator accelerator, Path directory, Path image) {
        return List.of(
                binary.path().toString(),
                "-nodefaults",
                "-no-user-config",
                "-no-reboot",
                "-display",
                "none",
                "-sandbox",
                "on",
                "-machine",
                QemuCommand.MACHINE_TYPE,
                "-accel",
                accelerator.option(1),
                "-cpu",
                accelerator.cpu(),
                "-m",
                "16M",
                "-bios",
                image.toString(),
                "-chardev",
                "socket,id=out,path="
                        + QemuCommand.escape(directory.resolve(SOCKET).toString()),
                "-device",
                "isa-debugcon,iobase=" + ProbeGuest.PORT + ",chardev=out",
                "-device",
                "isa-debug-exit");
    }
}
