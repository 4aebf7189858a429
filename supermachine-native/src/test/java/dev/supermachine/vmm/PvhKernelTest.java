package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PvhKernelTest {

    private static final int MIB = 32;
    private static final int LENGTH = 0x2000;
    private static final int NOTES = 0x200;
    private static final int TEXT = 0x1000;
    private static final int DATA = 0x1800;

    // Offsets of fields of the file that tests change.
    private static final int MACHINE = 18;
    private static final int TABLE_OFFSET = 32;
    private static final int ENTRY_SIZE = 54;
    private static final int ENTRIES = 56;
    private static final int TEXT_HEADER = 64;
    private static final int DATA_HEADER = 64 + 56;
    private static final int NOTE_HEADER = 64 + 2 * 56;

    @TempDir
    Path directory;

    private final GuestMemory memory =
            new GuestMemory(List.of(new GuestMemory.Part(0, ByteBuffer.allocateDirect(MIB << 20))));

    private Path kernel;
    private Path initrd;

    /** Text at 16 MiB, data of 0x400 bytes at 18 MiB that grow to 1 MiB in memory, and notes of which the second counts. */
    private static ByteBuffer elf() {
        ByteBuffer elf = ByteBuffer.allocate(LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        elf.putInt(0, 0x464C457F).putInt(4, 0x00010102).putShort(16, (short) 2).putShort(MACHINE, (short) 62);
        elf.putLong(TABLE_OFFSET, 64).putShort(ENTRY_SIZE, (short) 56).putShort(ENTRIES, (short) 4);
        header(elf, TEXT_HEADER, 1, TEXT, 0x1000000, 0x800, 0x800);
        header(elf, DATA_HEADER, 1, DATA, 0x1200000, 0x400, 0x100000);
        header(elf, NOTE_HEADER, 4, NOTES, 0, 48, 48);
        header(elf, NOTE_HEADER + 56, 0x6474E551, 0, 0, 0, 0); // GNU_STACK
        elf.position(NOTES);
        note(elf, "GNU", 18, 3);
        note(elf, "Xen", 18, 0x1000123);
        for (int i = TEXT; i < LENGTH; i++) {
            elf.put(i, (byte) (i * 31 + (i >> 8)));
        }
        return elf;
    }

    private static void header(
            ByteBuffer elf, int at, int type, long offset, long address, long fileLength, long memoryLength) {
        elf.putInt(at, type).putLong(at + 8, offset).putLong(at + 24, address);
        elf.putLong(at + 32, fileLength).putLong(at + 40, memoryLength);
    }

    private static void note(ByteBuffer elf, String vendor, int type, long value) {
        elf.putInt(4).putInt(8).putInt(type);
        elf.put((vendor + "\0").getBytes(StandardCharsets.US_ASCII)).putLong(value);
    }

    @BeforeEach
    void writeFiles() throws IOException {
        kernel = Files.write(directory.resolve("vmlinux"), bytes(elf()));
        byte[] archive = new byte[10_000];
        new Random(1).nextBytes(archive);
        initrd = Files.write(directory.resolve("initrd"), archive);
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.capacity()];
        buffer.get(0, bytes);
        return bytes;
    }

    private PvhKernel load() throws IOException {
        return PvhKernel.load(memory, MIB, kernel, initrd, "console=ttyS0 quiet");
    }

    private void expectRefused(ByteBuffer elf, String message) throws IOException {
        Files.write(kernel, bytes(elf));
        assertThatThrownBy(this::load)
                .isInstanceOf(KernelFormatException.class)
                .hasMessage(message.replace("$", kernel.toString()));
    }

    private byte[] inMemory(long address, int length) {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        memory.read(address, bytes);
        return bytes.array();
    }

    private String textAt(long address) {
        StringBuilder text = new StringBuilder();
        for (long at = address; memory.getByte(at) != 0; at++) {
            text.append((char) memory.getByte(at));
        }
        return text.toString();
    }

    @Test
    void segmentsAreLoadedAndTheEntryIsThatOfTheNoteOfXen() throws IOException {
        PvhKernel loaded = load();
        assertThat(loaded.entry()).isEqualTo(0x1000123);
        byte[] file = bytes(elf());
        assertThat(inMemory(0x1000000, 0x800)).isEqualTo(Arrays.copyOfRange(file, TEXT, TEXT + 0x800));
        assertThat(inMemory(0x1200000, 0x400)).isEqualTo(Arrays.copyOfRange(file, DATA, DATA + 0x400));
        assertThat(inMemory(0x1200400, 0x1000)).isEqualTo(new byte[0x1000]);
    }

    @Test
    void theStartInformationLeadsToEverything() throws IOException {
        long info = Integer.toUnsignedLong(load().startInfo());
        assertThat(memory.getInt(info)).isEqualTo(0x336EC578);
        assertThat(memory.getInt(info + 4)).isEqualTo(1);
        assertThat(memory.getInt(info + 8)).isZero();
        assertThat(textAt(memory.getLong(info + 24))).isEqualTo("console=ttyS0 quiet");
        assertThat(memory.getLong(info + 32)).isEqualTo(MachineLayout.ACPI_TABLES);

        assertThat(memory.getInt(info + 12)).isEqualTo(1);
        long module = memory.getLong(info + 16);
        long address = memory.getLong(module);
        assertThat(address).isEqualTo((MIB << 20) - 0x3000);
        assertThat(memory.getLong(module + 8)).isEqualTo(10_000);
        assertThat(inMemory(address, 10_000)).isEqualTo(Files.readAllBytes(initrd));

        assertThat(memory.getInt(info + 48)).isEqualTo(3);
        long map = memory.getLong(info + 40);
        assertThat(memory.getLong(map)).isZero();
        assertThat(memory.getLong(map + 8)).isEqualTo(0x9FC00);
        assertThat(memory.getInt(map + 16)).isEqualTo(1);
        assertThat(memory.getLong(map + 24)).isEqualTo(0x9FC00);
        assertThat(memory.getInt(map + 24 + 16)).isEqualTo(2);
        assertThat(memory.getLong(map + 48)).isEqualTo(0x100000);
        assertThat(memory.getLong(map + 48 + 8)).isEqualTo(((long) MIB << 20) - 0x100000);
        assertThat(memory.getInt(map + 48 + 16)).isEqualTo(1);
        assertThat(map + 3 * 24).isLessThanOrEqualTo(MachineLayout.COMMAND_LINE);
    }

    @Test
    void partsOfMemoryThatTouchAreLoadedAcross() throws IOException {
        GuestMemory parts = new GuestMemory(List.of(
                new GuestMemory.Part(0, ByteBuffer.allocateDirect(0x1000400)),
                new GuestMemory.Part(0x1000400, ByteBuffer.allocateDirect((MIB << 20) - 0x1000400))));
        PvhKernel.load(parts, MIB, kernel, initrd, "");
        ByteBuffer text = ByteBuffer.allocate(0x800);
        parts.read(0x1000000, text);
        assertThat(text.array()).isEqualTo(Arrays.copyOfRange(bytes(elf()), TEXT, TEXT + 0x800));
    }

    @Test
    void anEntryOf32BitsWillDo() throws IOException {
        Files.write(kernel, bytes(elf().putInt(NOTES + 24 + 4, 4)));
        assertThat(load().entry()).isEqualTo(0x1000123);
    }

    @Test
    void refusesOtherFiles() throws IOException {
        Files.write(kernel, new byte[63]);
        assertThatThrownBy(this::load)
                .isInstanceOf(KernelFormatException.class)
                .hasMessage(kernel + " is no kernel: it has only 63 bytes");
        expectRefused(
                elf().putInt(0, 0x2184C02),
                "$ is no kernel: expected an uncompressed ELF file for x86-64, but it begins with 0x1010202184c02");
        expectRefused(
                elf().putShort(MACHINE, (short) 183),
                "$ is no kernel: expected an uncompressed ELF file for x86-64, but it begins with 0x10102464c457f");
    }

    @Test
    void refusesACutOrDamagedFile() throws IOException {
        String headers = "$ is cut or damaged: its program headers are not in it";
        expectRefused(elf().putLong(TABLE_OFFSET, LENGTH - 8), headers);
        expectRefused(elf().putLong(TABLE_OFFSET, -8), headers);
        expectRefused(elf().putShort(ENTRIES, (short) -1), headers);
        expectRefused(elf().putShort(ENTRY_SIZE, (short) 32), headers);
        expectRefused(
                elf().putLong(DATA_HEADER + 8, 0x1F00),
                "$ is cut or damaged: its segment 1, of 1024 bytes at offset 7936, does not fit into its 8192 bytes");
        expectRefused(
                elf().putLong(DATA_HEADER + 32, -1),
                "$ is cut or damaged: its segment 1, of 18446744073709551615 bytes at offset 6144, does not fit into its 8192 bytes");
        expectRefused(
                elf().putLong(DATA_HEADER + 40, 0x3FF),
                "$ is cut or damaged: its segment 1, of 1024 bytes at offset 6144, does not fit into its 8192 bytes");
        expectRefused(
                elf().putLong(DATA_HEADER + 24, Long.MAX_VALUE),
                "$ is cut or damaged: its segment 1, of 1024 bytes at offset 6144, does not fit into its 8192 bytes");
        expectRefused(
                elf().putLong(TEXT_HEADER + 24, 0xFF000), "$ wants to be loaded at 0xff000, where no kernel can be");
    }

    @Test
    void refusesAKernelWithoutAnEntryForPvh() throws IOException {
        String message = "$ cannot be booted: it has no entry point for PVH (a kernel with CONFIG_PVH has one)";
        expectRefused(elf().putInt(NOTES + 24 + 8, 17), message);
        expectRefused(elf().putInt(NOTES + 24, 5), message);
        expectRefused(elf().putInt(NOTES + 4, -1), message);
        expectRefused(elf().putLong(NOTE_HEADER + 32, 44), message);
        expectRefused(elf().putInt(NOTE_HEADER, 5), message);
        String outside = "$ is cut or damaged: its entry point 0x%s is not in what is loaded";
        expectRefused(elf().putLong(NOTES + 40, 0x1000800), String.format(outside, "1000800"));
        expectRefused(elf().putLong(NOTES + 40, 0x1_01000123L), String.format(outside, "101000123"));
        expectRefused(elf().putShort(ENTRIES, (short) 0), message);
    }

    @Test
    void refusesWhatDoesNotFitIntoMemory() throws IOException {
        Files.write(kernel, bytes(elf().putLong(DATA_HEADER + 40, 0xE01000)));
        assertThatThrownBy(this::load)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("The kernel " + kernel + " reaches up to 0x2001000, beyond the memory of 32 MiB");
        Files.write(kernel, bytes(elf().putLong(DATA_HEADER + 40, 0xDFD001)));
        assertThatThrownBy(this::load)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("The kernel and the initial root file system " + initrd
                        + " of 10000 bytes do not fit into a memory of 32 MiB");
        Files.write(kernel, bytes(elf().putLong(DATA_HEADER + 40, 0xDFD000)));
        assertThat(load().entry()).isEqualTo(0x1000123);
    }

    @Test
    void refusesACommandLineThatLinuxWouldCut() throws IOException {
        PvhKernel.load(memory, MIB, kernel, initrd, "x".repeat(2047));
        assertThat(textAt(MachineLayout.COMMAND_LINE)).hasSize(2047);
        assertThatThrownBy(() -> PvhKernel.load(memory, MIB, kernel, initrd, "x".repeat(2048)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("Expected kernel arguments of at most 2047 bytes, but got 2048: xxx");
    }

    @Test
    void aMissingFileIsNamed() {
        Path missing = directory.resolve("missing");
        assertThatThrownBy(() -> PvhKernel.load(memory, MIB, missing, initrd, ""))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessage(missing.toString());
    }

    /** Nothing but the two exceptions, and never a write outside the memory, which would be another. */
    @Test
    void anyDamageIsRefusedClearlyOrHarmless() throws IOException {
        Random random = new Random(7);
        byte[] good = bytes(elf());
        int refused = 0;
        for (int i = 0; i < 1500; i++) {
            byte[] bad = i < 600 ? Arrays.copyOf(good, i) : good.clone();
            for (int j = random.nextInt(6); j >= 0 && bad.length == good.length; j--) {
                // The headers and the notes, where damage matters.
                int at = random.nextInt(2) == 0 ? random.nextInt(64 + 4 * 56) : NOTES + random.nextInt(48);
                bad[at] = (byte) (random.nextBoolean() ? random.nextInt() : bad[at] ^ (1 << random.nextInt(8)));
            }
            Files.write(kernel, bad);
            try {
                load();
            } catch (KernelFormatException | IllegalArgumentException expected) {
                refused++;
            }
        }
        assertThat(refused).isBetween(600, 1499);
    }
}
