package dev.supermachine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProbeCacheTest {

    private static final Availability FINE = Availability.usable("fine");
    private static final Availability BROKEN = Availability.unusable("broken:\tÄ \"quoted\"");
    private static final List<String> HERE = List.of("a device", "a program");

    /** Beyond the largest that Linux gives, PID_MAX_LIMIT of linux/threads.h. */
    private static final long NO_PROCESS = 1L << 23;

    @TempDir
    private Path directory;

    private Path probes;
    private Path bootId;
    private int probed;

    @BeforeEach
    void place() throws IOException {
        probes = directory.resolve("cache/probes");
        bootId = Files.writeString(directory.resolve("boot_id"), "7c2e\n");
    }

    @Test
    void anAnswerThatLastsIsFoundOutOnce() {
        assertThat(ask(ProbeResult.lasting(FINE), HERE)).isEqualTo(FINE);
        assertThat(ask(ProbeResult.lasting(BROKEN), HERE)).isEqualTo(FINE);
        assertThat(probed).isEqualTo(1);
    }

    @Test
    void aRefusalThatLastsIsRememberedWithItsWords() {
        ask(ProbeResult.lasting(Availability.unusable("no \"processor\" behind it.")), HERE);
        assertThat(ask(ProbeResult.lasting(FINE), HERE))
                .isEqualTo(Availability.unusable("no \"processor\" behind it."));
    }

    @Test
    void whatABusyHostMayHaveCausedIsFoundOutAgain() {
        assertThat(ask(ProbeResult.passing(BROKEN), HERE)).isEqualTo(BROKEN);
        assertThat(ask(ProbeResult.lasting(FINE), HERE)).isEqualTo(FINE);
        assertThat(probed).isEqualTo(2);
    }

    @Test
    void anotherBootAndOtherCircumstancesAreAskedAnew() throws IOException {
        ask(ProbeResult.lasting(FINE), HERE);
        assertThat(ask(ProbeResult.lasting(BROKEN), List.of("a device", "another program")))
                .isEqualTo(BROKEN);
        ask(ProbeResult.lasting(FINE), HERE);
        Files.writeString(bootId, "88aa\n");
        assertThat(ask(ProbeResult.lasting(BROKEN), HERE)).isEqualTo(BROKEN);
        assertThat(probed).isEqualTo(4);
    }

    @Test
    void enginesDoNotAnswerForEachOther() {
        ask(ProbeResult.lasting(FINE), HERE);
        assertThat(new ProbeCache(probes, bootId).get("qemu-kvm", HERE, () -> ProbeResult.lasting(BROKEN)))
                .isEqualTo(BROKEN);
    }

    @Test
    void filesAreTheUsersOwnAndNothingElseIsLeft() throws IOException {
        ask(ProbeResult.lasting(FINE), HERE);
        assertThat(mode(probes)).isEqualTo("rwx------");
        assertThat(mode(file())).isEqualTo("rw-------");
        try (Stream<Path> files = Files.list(probes)) {
            assertThat(files).containsExactly(file());
        }
    }

    @Test
    void whatAKilledProcessWasWritingIsRemoved() throws IOException {
        Files.createDirectories(probes);
        Path left = Files.createFile(probes.resolve("part-" + NO_PROCESS + "-1"));
        Path underWay = Files.createFile(
                probes.resolve("part-" + ProcessHandle.current().pid() + "-1"));
        ask(ProbeResult.lasting(FINE), HERE);
        assertThat(left).doesNotExist();
        assertThat(underWay).exists();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[]", "null", "{\"format\": 1}", "\u0000\u0001", "{\"format\": \"one\"}"})
    void aDamagedFileIsReplaced(String content) throws IOException {
        ask(ProbeResult.lasting(FINE), HERE);
        Files.writeString(file(), content);
        assertThat(ask(ProbeResult.lasting(BROKEN), HERE).usable()).isFalse();
        assertThat(ask(ProbeResult.lasting(FINE), HERE).usable()).isFalse();
        assertThat(probed).isEqualTo(2);
    }

    @Test
    void aFileOfAnotherFormOfThisLibraryIsIgnored() throws IOException {
        ask(ProbeResult.lasting(FINE), HERE);
        String written = Files.readString(file());
        for (String changed : List.of(
                written.replaceFirst("\"format\": *1", "\"format\": 2"),
                written.replaceFirst("\"usable\"", "\"use\""))) {
            assertThat(changed).isNotEqualTo(written);
            Files.writeString(file(), changed);
            assertThat(ask(ProbeResult.passing(BROKEN), HERE)).isEqualTo(BROKEN);
        }
    }

    @Test
    void aFileThatOthersMayWriteIsIgnored() throws IOException {
        ask(ProbeResult.lasting(FINE), HERE);
        Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-rw-rw-"));
        assertThat(ask(ProbeResult.lasting(BROKEN), HERE)).isEqualTo(BROKEN);
        assertThat(mode(file())).isEqualTo("rw-------");
    }

    @Test
    void aLinkIsNotFollowed() throws IOException {
        ask(ProbeResult.lasting(FINE), HERE);
        Path elsewhere = Files.move(file(), directory.resolve("elsewhere"));
        String before = Files.readString(elsewhere);
        Files.createSymbolicLink(file(), elsewhere);
        assertThat(ask(ProbeResult.lasting(BROKEN), HERE)).isEqualTo(BROKEN);
        assertThat(file())
                .isRegularFile()
                .satisfies(path -> assertThat(Files.isSymbolicLink(path)).isFalse());
        assertThat(elsewhere).content().isEqualTo(before);
    }

    @Test
    void aCacheThatCannotBeWrittenIsNoFailure() throws IOException {
        Files.writeString(directory.resolve("cache"), "a file where the directory should be");
        assertThat(ask(ProbeResult.lasting(FINE), HERE)).isEqualTo(FINE);
        assertThat(ask(ProbeResult.lasting(BROKEN), HERE)).isEqualTo(BROKEN);
    }

    @Test
    void withoutADirectoryOrAnIdOfTheBootNothingIsRemembered() throws IOException {
        Files.delete(bootId);
        assertThat(ask(ProbeResult.lasting(FINE), HERE)).isEqualTo(FINE);
        assertThat(ask(ProbeResult.lasting(BROKEN), HERE)).isEqualTo(BROKEN);
        assertThat(probes).doesNotExist();
        assertThat(new ProbeCache(null, bootId).get("kvm", HERE, () -> ProbeResult.lasting(FINE)))
                .isEqualTo(FINE);
    }

    @Test
    void aFileThatIsReplacedHasAnotherStamp() throws IOException {
        Path program = Files.writeString(directory.resolve("program"), "one");
        String before = ProbeCache.stamp(program);
        Path next = Files.writeString(directory.resolve("next"), "other");
        Files.move(next, program, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertThat(ProbeCache.stamp(program)).isNotEqualTo(before);
    }

    private Availability ask(ProbeResult result, List<String> circumstances) {
        return new ProbeCache(probes, bootId).get("kvm", circumstances, () -> {
            probed++;
            return result;
        });
    }

    private Path file() {
        return probes.resolve("kvm.json");
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
