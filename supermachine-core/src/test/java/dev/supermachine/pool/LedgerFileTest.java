package dev.supermachine.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.json.JsonFormatException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A ledger that somebody else wrote, or damaged. */
class LedgerFileTest {

    private static final LedgerEntry GOOD = new LedgerEntry(1, "1-00000000", 1, "m", 512, true);

    @TempDir
    Path directory;

    private Path ledgers;

    @BeforeEach
    void ledgerDirectory() throws IOException {
        ledgers = Files.createDirectory(directory.resolve("ledger"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"ticket\": 1|\"ticket\": -1|entries[0].ticket: expected a number from 0 to 9007199254740992, but found -1",
                "\"mib\": 512|\"mib\": -512|entries[0].mib: expected a number from 1 to 2147483647, but found -512",
                "\"mib\": 512|\"mib\": 4294967301|entries[0].mib: expected a number from 1 to 2147483647, but found 4294967301",
                "1-00000000|../../x|entries[0].owner: expected a process id, a hyphen and eight hexadecimal digits, but found \"../../x\"",
                "\"nextTicket\": 2|\"nextTicket\": 9223372036854775807|nextTicket: expected a number from 1 to 9007199254740992, but found 9223372036854775807",
                "\"idleMib\": 0|\"idleMib\": -5|idleMib: expected a number from 0 to 2147483647, but found -5",
            })
    void valuesThatMakeNoSenseAreNamed(String good, String bad, String message) {
        String text = LedgerState.EMPTY.with(GOOD).write();
        assertThat(text).contains(good);
        assertThatThrownBy(() -> LedgerState.read(text.replace(good, bad)))
                .isInstanceOf(JsonFormatException.class)
                .hasMessage(message);
    }

    @Test
    void whatIsWrittenIsReadAgain() throws IOException {
        LedgerState state = LedgerState.EMPTY.with(GOOD).withIdle(100);
        assertThat(LedgerState.read(state.write())).isEqualTo(state);
    }

    @Test
    void anOwnerIsNoWayOutOfTheDirectory() throws IOException {
        Path outside = Files.writeString(directory.resolve("x.alive"), "mine");
        Files.writeString(
                ledgers.resolve("ledger"), LedgerState.EMPTY.with(GOOD).write().replace("1-00000000", "../x"));
        assertLedgerBeginsAnew();
        assertThat(outside).hasContent("mine");
    }

    @Test
    void bytesThatAreNoTextBeginANewLedger() throws IOException {
        Files.write(ledgers.resolve("ledger"), "{\"version\": 1, \u00ff}".getBytes(StandardCharsets.ISO_8859_1));
        assertLedgerBeginsAnew();
    }

    @Test
    void aHugeLedgerIsNotReadIntoMemory() throws IOException {
        try (var file = Files.newByteChannel(
                ledgers.resolve("ledger"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            file.position(64L << 30).write(StandardCharsets.US_ASCII.encode("}"));
        }
        assertLedgerBeginsAnew();
    }

    @Test
    void theNameOfAMachineCannotForgeALine() {
        assertThat(new LedgerEntry(1, "1-00000000", 7, "m\n\u001b[2Jx", 5, true))
                .hasToString("'m??[2Jx' of process 7 (5 MiB)");
    }

    private void assertLedgerBeginsAnew() throws IOException {
        try (LedgerFile file = new LedgerFile(ledgers)) {
            assertThat(file.change(UnaryOperator.identity())).isEqualTo(LedgerState.EMPTY);
            LedgerEntry mine = new LedgerEntry(1, file.owner(), 1, "m", 5, true);
            assertThat(file.change(state -> state.with(mine)).booked()).containsExactly(mine);
            assertThat(file.change(UnaryOperator.identity()).booked()).containsExactly(mine);
        }
    }
}
