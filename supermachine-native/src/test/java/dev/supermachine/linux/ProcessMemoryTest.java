package dev.supermachine.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Another process's mapping, which here is one of this process's own. */
class ProcessMemoryTest {

    private static final int PAGES = 64;
    private static final int SIZE = PAGES * Mapping.PAGE;

    @TempDir
    private Path directory;

    @Test
    void readsWhatWasWrittenAndWritesOverIt() throws IOException {
        byte[] content = new byte[SIZE];
        new Random(1).nextBytes(content);
        Path path = Files.write(directory.resolve("a file"), content);
        try (OpenFile file = OpenFile.reading(path);
                Mapping mapping = Mapping.copyOnWrite(file, 0, SIZE);
                ProcessMemory memory =
                        ProcessMemory.open(ProcessHandle.current().pid(), path, SIZE)) {
            assertThat(memory.own().pages()).isZero();
            mapping.view(3 * Mapping.PAGE, 1).put(0, (byte) 1);
            mapping.view(5 * Mapping.PAGE, 1).put(0, (byte) 2);

            assertThat(memory.own().pages()).isEqualTo(2);
            assertThat(memory.own().offset(1)).isEqualTo(5 * Mapping.PAGE);
            ByteBuffer page = ByteBuffer.allocateDirect(Mapping.PAGE);
            memory.read(5 * Mapping.PAGE, page);
            assertThat(page.get(0)).isEqualTo((byte) 2);
            assertThat(page.get(1)).isEqualTo(content[5 * Mapping.PAGE + 1]);

            memory.write(7 * Mapping.PAGE, page.flip());
            assertThat(mapping.view(7 * Mapping.PAGE, 1).get(0)).isEqualTo((byte) 2);
            assertThat(memory.own().pages()).isEqualTo(3);
            assertThatThrownBy(() -> memory.read(SIZE, ByteBuffer.allocate(1)))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
        assertThat(Files.readAllBytes(path)).isEqualTo(content);
    }

    @Test
    void saysThatThereIsNoSuchMapping() throws IOException {
        Path path = Files.write(directory.resolve("file"), new byte[SIZE]);
        long pid = ProcessHandle.current().pid();
        assertThatThrownBy(() -> ProcessMemory.open(pid, path, SIZE))
                .isInstanceOf(IOException.class)
                .hasMessage("process " + pid + " has no private mapping of " + SIZE + " bytes of " + path);
    }

    @Test
    void findsAMappingThatIsShownInPieces() {
        List<String> lines = List.of(
                "55e0c0000000-55e0c0001000 r--p 00000000 fe:01 77                         /usr/bin/other",
                "7f0000000000-7f0000100000 rw-s 00000000 fe:01 4711                       /snapshots/a b/ram",
                "7f1000000000-7f1000040000 rw-p 00000000 fe:01 4711                       /snapshots/a b/ram",
                "7f1000040000-7f1000100000 rw-p 00040000 fe:01 4711                       /snapshots/a b/ram (deleted)",
                "7f2000000000-7f2000001000 rw-p 00000000 00:00 0 ",
                "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]");
        assertThat(ProcessMemory.find(lines, 4711, 0x100000)).isEqualTo(0x7f1000000000L);
        assertThat(ProcessMemory.find(lines, 4711, 0x40000)).isEqualTo(-1);
        assertThat(ProcessMemory.find(lines, 4712, 0x100000)).isEqualTo(-1);
    }
}
