package dev.supermachine.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.BakeException;
import dev.supermachine.Platform;
import dev.supermachine.testing.StaticProgram;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EmulatorTest {

    private static final String NEED = "The programs of app:1 for linux/arm64 need an emulator, ";
    private static final String USABLE =
            ". It has to be a statically linked program for x86-64: install one (Debian and Ubuntu: apt-get install qemu-user-static), or say in which directory one is with the setting supermachine.emulator.dir.";

    @TempDir
    private Path directory;

    private Path file;

    @BeforeEach
    void makeAnEmulator() throws IOException {
        file = Files.write(directory.resolve("qemu-aarch64-static"), StaticProgram.withHeaders(1, 4));
    }

    private Emulator find() {
        return Emulator.find("app:1", Platform.parse("linux/arm64"), directory).orElseThrow();
    }

    /** Magic and mask are those of QEMU's own configuration, but for programs that name an operating system, which are taken for every architecture. */
    @ParameterizedTest
    @CsvSource({
        "linux/arm64, aarch64, 7f454c460201010000000000000000000200b700, ffffffffffffff00fffffffffffffffffeffffff",
        "linux/arm/v7, arm, 7f454c4601010100000000000000000002002800, ffffffffffffff00fffffffffffffffffeffffff",
        "linux/riscv64, riscv64, 7f454c460201010000000000000000000200f300, ffffffffffffff00fffffffffffffffffeffffff",
        "linux/ppc64le, ppc64le, 7f454c4602010100000000000000000002001500, ffffffffffffff00fffffffffffffffffeffffff",
        "linux/s390x, s390x, 7f454c4602020100000000000000000000020016, ffffffffffffff00fffffffffffffffffffeffff"
    })
    void programsAreKnownByTheHeadOfTheirFile(String platform, String name, String magic, String mask)
            throws IOException {
        Files.copy(file, directory.resolve("qemu-" + name));
        List<Cpio.Entry> entries = Emulator.find("app:1", Platform.parse(platform), directory)
                .orElseThrow()
                .entries();

        assertThat(entries)
                .extracting(Cpio.Entry::name)
                .containsExactly("emulator", "emulator/register", "emulator/qemu-" + name);
        assertThat(new String(entries.get(1).content(), StandardCharsets.US_ASCII))
                .isEqualTo(":qemu-" + name + ":M::" + escaped(magic) + ":" + escaped(mask) + ":/emulator/qemu-" + name
                        + ":FPC");
        assertThat(entries.get(2).content()).isEqualTo(Files.readAllBytes(file));
        assertThat(entries.get(2).mode()).isEqualTo(0100755);
    }

    private static String escaped(String digits) {
        return digits.replaceAll("(..)", "\\\\x$1");
    }

    @Test
    void theGuestsProcessorNeedsNone() {
        for (String platform : List.of("linux/amd64", "linux/amd64/v3", "linux/386")) {
            assertThat(Emulator.find("app:1", Platform.parse(platform), directory))
                    .isEmpty();
            assertThat(Emulator.runs(Platform.parse(platform))).isTrue();
        }
        assertThat(Emulator.runs(Platform.parse("windows/amd64"))).isFalse();
        assertThat(Emulator.runs(Platform.parse("linux/loong64"))).isFalse();
        assertThat(Emulator.platforms())
                .containsExactly(
                        "linux/amd64",
                        "linux/386",
                        "linux/arm64",
                        "linux/arm",
                        "linux/riscv64",
                        "linux/ppc64le",
                        "linux/s390x")
                .allMatch(name -> Emulator.runs(Platform.parse(name)));
    }

    @Test
    void isKnownByItsContentAndByHowItIsRegistered() throws IOException {
        String fingerprint = find().fingerprint();
        assertThat(fingerprint).matches("[0-9a-f]{64}").isEqualTo(find().fingerprint());

        Files.copy(file, directory.resolve("qemu-s390x"));
        assertThat(Emulator.find("app:1", Platform.parse("linux/s390x"), directory)
                        .orElseThrow()
                        .fingerprint())
                .isNotEqualTo(fingerprint);
        Files.write(file, StaticProgram.withHeaders(1, 4, 5));
        assertThat(find().fingerprint()).isNotEqualTo(fingerprint);
    }

    @Test
    void theNameThatSaysItIsStaticComesFirst() throws IOException {
        Files.writeString(directory.resolve("qemu-aarch64"), "not looked at");
        assertThat(find().entries().get(2).content()).isEqualTo(Files.readAllBytes(file));
    }

    @Test
    void saysWhatToInstall() throws IOException {
        Files.delete(file);
        refused(
                NEED + "but there is neither " + file + " nor " + directory.resolve("qemu-aarch64")
                        + ". Install it (Debian and Ubuntu: apt-get install qemu-user-static), or say in which directory it is with the setting supermachine.emulator.dir.");
    }

    @Test
    void whatCannotRunInAGuestIsRefused() throws IOException {
        Files.writeString(file, "#!/bin/sh\nexec /opt/qemu/qemu-aarch64 \"$@\"\n".repeat(9));
        refused(NEED + "but " + file + " is not a program for x86-64" + USABLE);
        Files.write(file, StaticProgram.withHeaders(1, 3));
        refused(NEED + "but " + file + " is linked dynamically, and its libraries are not in the guest" + USABLE);
        byte[] whole = StaticProgram.withHeaders(1, 4);
        Files.write(file, Arrays.copyOf(whole, whole.length - 1));
        refused(NEED + "but " + file + " is cut off or damaged" + USABLE);
        whole[39] = (byte) 0x80; // the offset of the program headers
        Files.write(file, whole);
        refused(NEED + "but " + file + " is cut off or damaged" + USABLE);
        Files.delete(file);
        Files.createDirectory(file);
        refused(
                NEED + "but " + file + " cannot be read: java.io.IOException: Is a directory"
                        + ". Make it readable, or say in which directory another one is with the setting supermachine.emulator.dir.");
    }

    private void refused(String message) {
        assertThatThrownBy(this::find).isInstanceOf(BakeException.class).hasMessage(message);
    }
}
