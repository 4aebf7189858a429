package dev.supermachine.guest;

import static dev.supermachine.guest.SampleKernel.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.EngineException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InitramfsTest {

    private static final byte[] AGENT = bytes("\u007fELF the agent");

    @TempDir
    private Path directory;

    private SampleKernel sample;
    private GuestKernel kernel;

    @BeforeEach
    void setUp() {
        sample = new SampleKernel(directory.resolve("jar"));
        kernel = sample.locate(directory.resolve("cache"));
    }

    /** An entry as another implementation of the format reads it. */
    private record Seen(String name, long mode, long deviceMajor, long deviceMinor, String content) {}

    @Test
    void holdsWhatTheKernelNeedsToStartTheAgent() throws IOException {
        List<Seen> seen = new ArrayList<>();
        List<Long> inodes = new ArrayList<>();
        Path archive = Initramfs.write(directory.resolve("out"), AGENT, kernel, Optional.empty());
        try (CpioArchiveInputStream in = new CpioArchiveInputStream(Files.newInputStream(archive))) {
            for (CpioArchiveEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                assertThat(entry.getTime()).isZero();
                assertThat(entry.getUID()).isZero();
                inodes.add(entry.getInode());
                seen.add(new Seen(
                        entry.getName(),
                        entry.getMode(),
                        entry.getRemoteDeviceMaj(),
                        entry.getRemoteDeviceMin(),
                        new String(in.readAllBytes(), StandardCharsets.ISO_8859_1)));
            }
        }

        assertThat(seen)
                .containsExactly(
                        new Seen("dev", 0040755, 0, 0, ""),
                        new Seen("proc", 0040755, 0, 0, ""),
                        new Seen("sys", 0040755, 0, 0, ""),
                        new Seen("run", 0040755, 0, 0, ""),
                        new Seen("lib", 0040755, 0, 0, ""),
                        new Seen("lib/modules", 0040755, 0, 0, ""),
                        new Seen("dev/console", 0020600, 5, 1, ""),
                        new Seen("init", 0100755, 0, 0, "\u007fELF the agent"),
                        new Seen("lib/modules/modules.order", 0100644, 0, 0, "virtio_mmio\noverlay\n"),
                        new Seen("lib/modules/virtio_mmio.ko", 0100644, 0, 0, "first"),
                        new Seen("lib/modules/overlay.ko", 0100644, 0, 0, "second"));
        assertThat(inodes).doesNotHaveDuplicates().isSorted();
    }

    @Test
    void isTheSameForTheSameAgentAndKernelAndWrittenOnce() throws IOException {
        Path first = Initramfs.write(directory.resolve("out"), AGENT, kernel, Optional.empty());
        Object inode = Files.getAttribute(first, "unix:ino");

        assertThat(Initramfs.write(directory.resolve("out"), AGENT, kernel, Optional.empty()))
                .isEqualTo(first);
        assertThat(Files.getAttribute(first, "unix:ino")).isEqualTo(inode);
        assertThat(Initramfs.write(directory.resolve("other"), AGENT, kernel, Optional.empty()))
                .hasSameBinaryContentAs(first);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(first)))
                .isEqualTo("rw-------");
        assertThat(Initramfs.write(directory.resolve("out"), bytes("another agent"), kernel, Optional.empty()))
                .isNotEqualTo(first);
    }

    @Test
    void isWrittenAgainWhenDamaged() throws IOException {
        Path archive = Initramfs.write(directory.resolve("out"), AGENT, kernel, Optional.empty());
        byte[] intact = Files.readAllBytes(archive);
        Files.write(archive, Arrays.copyOf(intact, intact.length - 1));

        assertThat(Initramfs.write(directory.resolve("out"), AGENT, kernel, Optional.empty()))
                .hasBinaryContent(intact);
    }

    @Test
    void saysWhereItCouldNotWrite() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "");

        assertThatThrownBy(() -> Initramfs.write(file, AGENT, kernel, Optional.empty()))
                .isInstanceOf(EngineException.class)
                .hasMessageStartingWith("Cannot write the guest's initial file system " + file + "/initramfs-");
    }

    @Test
    void readsBackWhatItWroteWhateverTheLengths() throws IOException {
        Random random = new Random(20261101);
        for (int round = 0; round < 200; round++) {
            List<Cpio.Entry> entries = new ArrayList<>();
            for (int i = random.nextInt(6); i > 0; i--) {
                byte[] content = new byte[random.nextInt(9)];
                random.nextBytes(content);
                entries.add(Cpio.Entry.file("x".repeat(1 + random.nextInt(9)) + i, random.nextInt(01000), content));
            }
            byte[] archive = Cpio.write(entries);

            assertThat(Cpio.read(archive)).usingRecursiveComparison().isEqualTo(entries);
            int count = 0;
            try (CpioArchiveInputStream in = new CpioArchiveInputStream(new ByteArrayInputStream(archive))) {
                for (CpioArchiveEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                    assertThat(entry.getName()).isEqualTo(entries.get(count).name());
                    assertThat(in.readAllBytes()).isEqualTo(entries.get(count).content());
                    count++;
                }
            }
            assertThat(count).isEqualTo(entries.size());
        }
    }

    @Test
    void refusesACutOrSpoiltArchiveWithoutGoingAstray() {
        Random random = new Random(20261102);
        int trailer = sample.modules.length - 124;
        for (int length = 1; length < trailer + 110 + 10; length++) {
            byte[] cut = Arrays.copyOf(sample.modules, length);
            assertThatThrownBy(() -> Cpio.read(cut))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("cpio");
        }
        for (int round = 0; round < 5000; round++) {
            byte[] spoilt = sample.modules.clone();
            for (int i = 1 + random.nextInt(4); i > 0; i--) {
                spoilt[random.nextInt(spoilt.length)] = (byte) random.nextInt(256);
            }
            try {
                assertThat(Cpio.read(spoilt)).hasSizeLessThanOrEqualTo(spoilt.length / 110);
            } catch (IllegalArgumentException expected) {
                assertThat(expected).hasMessageContaining("cpio");
            }
        }
    }
}
