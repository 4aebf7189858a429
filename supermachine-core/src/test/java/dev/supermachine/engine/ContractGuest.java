package dev.supermachine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.guest.GuestKernel;
import dev.supermachine.guest.Initramfs;
import java.io.IOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A guest for tests of engines: the kernel of the kernel jar with {@code contract-init.c} as its first process, and how to talk to it. */
public final class ContractGuest {

    /** The guest's memory. */
    public static final int MEMORY_MIB = 256;

    private static final String ROOT_MARK = "supermachine root";
    private static final String INIT_PROPERTY = "supermachine.test.contract.init";
    private static final Path BUILD = Path.of("target", "contract-guest");

    private final GuestKernel kernel;
    private final Path initramfs;
    private final Path rootImage;

    private ContractGuest(GuestKernel kernel, Path initramfs, Path rootImage) {
        this.kernel = kernel;
        this.initramfs = initramfs;
        this.rootImage = rootImage;
    }

    private static final class Holder {
        private static final ContractGuest INSTANCE = build();
    }

    /** The guest, built once. */
    public static ContractGuest instance() {
        return Holder.INSTANCE;
    }

    private static ContractGuest build() {
        try {
            Files.createDirectories(BUILD);
            Path init = init();
            GuestKernel kernel = GuestKernel.locate(BUILD.toAbsolutePath(), Optional.empty());
            Path initramfs =
                    Initramfs.write(BUILD.toAbsolutePath(), Files.readAllBytes(init), kernel, Optional.empty());
            byte[] root = new byte[1 << 20];
            byte[] mark = ROOT_MARK.getBytes(StandardCharsets.US_ASCII);
            System.arraycopy(mark, 0, root, 0, mark.length);
            Path rootImage = Files.write(BUILD.toAbsolutePath().resolve("root.img"), root);
            return new ContractGuest(kernel, initramfs, rootImage);
        } catch (IOException e) {
            throw new AssertionError("The contract's guest cannot be built", e);
        }
    }

    /** The guest's first process: compiled here, or beforehand where there is no compiler. */
    private static Path init() throws IOException {
        String compiled = System.getProperty(INIT_PROPERTY);
        if (compiled != null) {
            return Path.of(compiled);
        }
        Path init = BUILD.resolve("init");
        run(List.of(
                "musl-gcc",
                "-static",
                "-O2",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-o",
                init.toString(),
                "src/test/guest/contract-init.c"));
        return init;
    }

    private static void run(List<String> command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.onExit().join().exitValue()).as(output).isZero();
    }

    /** What to boot. */
    public MachineSpec spec(Path directory, int vcpus) {
        return new MachineSpec(
                "contract",
                kernel.vmlinux(),
                initramfs,
                List.of("contract.mark=1"),
                rootImage,
                MEMORY_MIB,
                vcpus,
                directory);
    }

    /** What to restore from a directory that a capture filled. */
    public SnapshotSource source(String name, Path directory, int vcpus) {
        return new SnapshotSource(name, directory, rootImage, MEMORY_MIB, vcpus);
    }

    /** The first bytes of the root image. */
    public static String rootMark() {
        return ROOT_MARK;
    }

    /** An activation with fresh entropy. */
    public static Activation activation(int epoch) {
        byte[] entropy = new byte[Activation.ENTROPY_BYTES];
        new SecureRandom().nextBytes(entropy);
        return new Activation(epoch, entropy, Clock.systemUTC(), "contract", Map.of());
    }

    /** Sends a command. */
    public static void send(Machine machine, String command) throws IOException {
        machine.agent().write(ByteBuffer.wrap((command + "\n").getBytes(StandardCharsets.UTF_8)));
    }

    /** Reads one line; the answers never run ahead of the commands, so that nothing is left unread. */
    public static String line(Machine machine) throws IOException {
        StringBuilder line = new StringBuilder();
        ByteBuffer one = ByteBuffer.allocate(1);
        while (true) {
            one.clear();
            if (!read(machine, one)) {
                throw new IOException("The channel ended after '" + line + "': " + machine.endReason()
                        + "; the console:\n" + machine.console().tail(30));
            }
            char next = (char) one.get(0);
            if (next == '\n') {
                return line.toString();
            }
            line.append(next);
        }
    }

    /** Whether a byte came; a reset is an end like any other, to be reported with the console. */
    private static boolean read(Machine machine, ByteBuffer one) throws IOException {
        try {
            return machine.agent().read(one) >= 0;
        } catch (SocketException e) {
            return false;
        }
    }

    /** Sends a command and reads its answer. */
    public static String ask(Machine machine, String command) throws IOException {
        send(machine, command);
        return line(machine);
    }
}
