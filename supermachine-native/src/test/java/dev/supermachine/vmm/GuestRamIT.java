package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.linux.Mapping;
import dev.supermachine.linux.PageMap;
import dev.supermachine.linux.SparseFile;
import dev.supermachine.vmm.RecordingIo.Write;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A guest's memory begins as a file has it, changes for this guest alone, and is byte for byte the file's again after a reset. */
@Timeout(300)
class GuestRamIT {

    private static final int PAGE = Mapping.PAGE;

    private static final int SIZE = 64 << 20;

    /** The first page that the guest changes. */
    private static final int FIRST = 0x10_0000;

    /** Adds up and increments the first word of as many pages as ECX says, then writes the sum to a port. */
    private static final String TOUCHING = """
            bf 00 00 10 00     ; mov edi, 0x100000
            31 d2              ; xor edx, edx
            8b 07              ; mov eax, [edi]
            01 c2              ; add edx, eax
            40                 ; inc eax
            89 07              ; mov [edi], eax
            81 c7 00 10 00 00  ; add edi, 0x1000
            49                 ; dec ecx
            75 f0              ; jnz to mov eax
            89 d0              ; mov eax, edx
            e7 10              ; out 0x10, eax
            f4                 ; hlt
            """;

    @TempDir
    private static Path directory;

    private static Path file;

    private static byte[] content;

    @BeforeAll
    static void needsKvm() throws IOException {
        TestMachine.assumeKvm();
        content = new byte[SIZE];
        new Random(5).nextBytes(content);
        file = Files.write(directory.resolve("ram"), content);
    }

    @ParameterizedTest
    @CsvSource({
        "1, true, 8192", "100, true, 8192", "1000, true, 8192", "10000, true, 20000",
        "1, false, 8192", "100, false, 8192", "1000, false, 8192", "10000, false, 20000",
        "1, true, 0", "100, true, 0", "1000, true, 0", "10000, true, 8192",
        "1, false, 0", "100, false, 0", "1000, false, 0", "10000, false, 8192",
    })
    void resetMakesTheMemoryTheFilesAgain(int pages, boolean scan, int copyBackPages) throws Exception {
        Random random = new Random(pages);
        try (PageSource source = PageSource.open(file);
                TestMachine machine = TestMachine.of(
                        new GuestRam(
                                source.copyOnWrite(), source, scan ? PageMap.open() : PageMap.reading(), copyBackPages),
                        1)) {
            machine.core.boot(TestMachine.ENTRY, TestMachine.START_INFO);
            CoreState state = machine.core.capture();
            for (int round = 0; round < 3; round++) {
                machine.put(TestMachine.ENTRY, Code.of("b9" + littleEndian(pages) + "\n" + TOUCHING));
                machine.core.resume();
                // What the guest reads is what the file has, however often it changed that before.
                assertThat(machine.ports.next()).isEqualTo(new Write(0x10, 4, sum(pages)));
                machine.core.pause();
                for (int i = 0; i < 10; i++) {
                    machine.core.memory().putByte(random.nextInt(SIZE), i);
                }
                assertThat(machine.core.ram().dirtyPages().pages()).isGreaterThan(pages);
                long copied = machine.core.reset(state);
                assertThat(copied >= 0).isEqualTo(pages < copyBackPages);
                assertThat(sameAsTheFile(machine)).isTrue();
            }
        }
        assertThat(Files.mismatch(file, Files.write(directory.resolve("original"), content)))
                .isEqualTo(-1);
    }

    @Test
    void machinesWithTheSameBeginningDoNotSeeEachOthersChanges() throws Exception {
        try (PageSource source = PageSource.open(file);
                TestMachine one = TestMachine.of(GuestRam.of(source), 1);
                TestMachine other = TestMachine.of(GuestRam.of(source), 1)) {
            one.put(TestMachine.ENTRY, Code.of("b9" + littleEndian(100) + "\n" + TOUCHING));
            one.core.boot(TestMachine.ENTRY, 0);
            one.core.resume();
            one.ports.next();
            one.core.pause();
            assertThat(one.core.memory().getInt(FIRST)).isEqualTo(word(0) + 1);
            assertThat(sameAsTheFile(other)).isTrue();
            other.core.memory().putLong(FIRST + 8 * PAGE, 1);
            assertThat(one.core.memory().getInt(FIRST + 8 * PAGE)).isEqualTo(word(8) + 1);
        }
        try (PageSource source = PageSource.open(file);
                TestMachine machine = TestMachine.of(GuestRam.of(source), 1)) {
            assertThat(sameAsTheFile(machine)).isTrue();
        }
    }

    @Test
    void captureHasAllThatWasWrittenAndHolesForTheRest() throws Exception {
        Path first = directory.resolve("first");
        try (GuestRam ram = GuestRam.zeros(SIZE)) {
            ram.memory().putInt(0, 1);
            ram.memory().putInt(SIZE / 2 - 2, -1);
            ram.memory().putInt(SIZE / 2 + 5 * PAGE, 0);
            for (int page = 1000; page < 1600; page++) {
                ram.memory().putInt((long) page * PAGE, page);
            }
            ram.capture(first);
        }
        assertThat(Files.size(first)).isEqualTo(SIZE);
        assertThat(SparseFile.allocatedBytes(first)).isLessThan(700L * PAGE);
        try (PageSource source = PageSource.open(first);
                GuestRam ram = GuestRam.of(source)) {
            assertThat(ram.memory().getInt(0)).isEqualTo(1);
            assertThat(ram.memory().getInt(SIZE / 2 - 2)).isEqualTo(-1);
            assertThat(ram.memory().getInt(1599L * PAGE)).isEqualTo(1599);
            // Captured once more, with a page that is zero now and one that was.
            ram.memory().putInt(1599L * PAGE, 0);
            ram.memory().putInt(SIZE - 4, 7);
            Path second = directory.resolve("second");
            ram.capture(second);
            byte[] expected = Files.readAllBytes(first);
            ByteBuffer.wrap(expected)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(1599 * PAGE, 0)
                    .putInt(SIZE - 4, 7);
            assertThat(Files.readAllBytes(second)).isEqualTo(expected);
            assertThat(SparseFile.allocatedBytes(second)).isLessThan(700L * PAGE);
        }
    }

    @Test
    void preparedPagesAreOwnAndUnchanged() throws Exception {
        try (PageSource source = PageSource.open(file);
                GuestRam used = GuestRam.of(source);
                TestMachine machine = TestMachine.of(GuestRam.of(source), 1)) {
            used.memory().putInt(FIRST, 1);
            used.memory().putInt(FIRST + 7 * PAGE, 1);
            machine.core.ram().prepare(used.dirtyPages());
            assertThat(machine.core.ram().dirtyPages().pages()).isEqualTo(2);
            assertThat(sameAsTheFile(machine)).isTrue();
        }
    }

    @Test
    void memoryOfZerosIsZeroAgainAfterAReset() {
        try (GuestRam ram = GuestRam.zeros(SIZE)) {
            ram.memory().putInt(SIZE - 4, 7);
            assertThat(ram.reset()).isEqualTo(-1);
            assertThat(ram.memory().getInt(SIZE - 4)).isZero();
        }
    }

    @Test
    void fileThatIsNoMemoryIsRefused() throws IOException {
        Path odd = Files.write(directory.resolve("odd"), new byte[5000]);
        assertThatThrownBy(() -> PageSource.open(odd))
                .isInstanceOf(StateFormatException.class)
                .hasMessage("Expected a guest's memory of whole pages in " + odd + ", but found 5000 bytes");
        Path empty = Files.createFile(directory.resolve("empty"));
        assertThatThrownBy(() -> PageSource.open(empty)).isInstanceOf(StateFormatException.class);
    }

    private static boolean sameAsTheFile(TestMachine machine) {
        ByteBuffer found = machine.core.memory().slice(0, SIZE);
        return found.remaining() == SIZE && found.mismatch(ByteBuffer.wrap(content)) < 0;
    }

    private static int word(int page) {
        return ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).getInt(FIRST + page * PAGE);
    }

    private static long sum(int pages) {
        int sum = 0;
        for (int page = 0; page < pages; page++) {
            sum += word(page);
        }
        return Integer.toUnsignedLong(sum);
    }

    private static String littleEndian(int value) {
        return String.format("%08x", Integer.reverseBytes(value));
    }
}
