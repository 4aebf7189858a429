package dev.supermachine.guest;

import dev.supermachine.Platform;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Architectures that a guest's processor does not have, with what their programs are known by: the machine number in an ELF file's header (elf(5);
 * {@code linux/elf-em.h}), whether it is of 64 bits, and its byte order.
 */
enum ForeignArchitecture {
    ARM64("arm64", "aarch64", true, ByteOrder.LITTLE_ENDIAN, 183),
    ARM("arm", "arm", false, ByteOrder.LITTLE_ENDIAN, 40),
    RISCV64("riscv64", "riscv64", true, ByteOrder.LITTLE_ENDIAN, 243),
    PPC64LE("ppc64le", "ppc64le", true, ByteOrder.LITTLE_ENDIAN, 21),
    S390X("s390x", "s390x", true, ByteOrder.BIG_ENDIAN, 22);

    /** What an x86-64 kernel runs itself. */
    private static final Set<String> NATIVE = Set.of("amd64", "386");

    /** An ELF header up to and with its machine number. */
    private static final int HEAD = 20;

    /**
     * Opened when it is registered (F), as the initial file system is gone later; given the name the program was called by (P), as busybox is what it is
     * called; run with the rights of the program (C, which has O in it), or setuid would mean nothing. What C is warned of, whoever changes an emulator gets
     * root's rights, says nothing here: nobody in the guest has a way to its file.
     */
    private static final String FLAGS = "FPC";

    private final String architecture;
    private final String emulated;
    private final boolean wide;
    private final ByteOrder order;
    private final int machine;

    ForeignArchitecture(String architecture, String emulated, boolean wide, ByteOrder order, int machine) {
        this.architecture = architecture;
        this.emulated = emulated;
        this.wide = wide;
        this.order = order;
        this.machine = machine;
    }

    static boolean isNative(Platform platform) {
        return NATIVE.contains(platform.architecture());
    }

    static Optional<ForeignArchitecture> of(Platform platform) {
        return Arrays.stream(values())
                .filter(known -> known.architecture.equals(platform.architecture()))
                .findFirst();
    }

    static List<String> platforms() {
        return Stream.concat(Stream.of("amd64", "386"), Arrays.stream(values()).map(known -> known.architecture))
                .map(name -> "linux/" + name)
                .toList();
    }

    /** The emulator's name in the guest. */
    String program() {
        return "qemu-" + emulated;
    }

    /** The names it can have on a host, the surer first: what ends in -static is linked so, the other one may be. */
    List<String> programs() {
        return List.of(program() + "-static", program());
    }

    /**
     * The line for the kernel's register (Documentation/admin-guide/binfmt-misc.rst). Executables and shared objects, which those that can lie anywhere are,
     * for any operating system that the header names: the programs of some say Linux, most none.
     */
    String registration(String interpreter) {
        ByteBuffer magic = ByteBuffer.allocate(HEAD).order(order);
        ByteBuffer mask = ByteBuffer.allocate(HEAD).order(order);
        magic.put(new byte[] {
            0x7f, 'E', 'L', 'F', (byte) (wide ? 2 : 1), (byte) (order == ByteOrder.LITTLE_ENDIAN ? 1 : 2), 1
        });
        magic.putShort(16, (short) 2).putShort(18, (short) machine);
        Arrays.fill(mask.array(), (byte) 0xff);
        mask.put(7, (byte) 0).putShort(16, (short) 0xfffe);
        return ":" + program() + ":M::" + escaped(magic.array()) + ":" + escaped(mask.array()) + ":" + interpreter + ":"
                + FLAGS;
    }

    private static String escaped(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (byte value : bytes) {
            text.append(String.format("\\x%02x", value));
        }
        return text.toString();
    }
}
