package dev.supermachine.pool;

import dev.supermachine.fuzz.Oracle;
import dev.supermachine.fuzz.Scratch;
import dev.supermachine.json.JsonFormatException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Any bytes as the ledger's file: what is in it is understood or forgotten, a machine gets its memory, nobody's bookings become negative, and no file
 * outside the ledger's directory is touched.
 */
public final class LedgerFuzz {

    private static final Path TOP = Scratch.directory("fuzz-ledger");
    private static final Path DIRECTORY = TOP.resolve("a/ledger");

    private LedgerFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        boolean understood = text(new String(input, StandardCharsets.UTF_8));
        try {
            // Files are slow, and what is not understood is soon forgotten.
            if (understood || input.length % 8 == 0) {
                file(input);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the ledger cannot be used any more", e);
        }
    }

    private static boolean text(String text) {
        LedgerState state;
        try {
            state = LedgerState.read(text);
            Oracle.requireEqual(state, LedgerState.read(state.write()), "written and read again");
        } catch (JsonFormatException e) {
            Oracle.requireGoodMessage(e);
            return false;
        }
        Oracle.require(state.bookedMib() >= 0, state.bookedMib() + " MiB are booked");
        Oracle.require(state.nextTicket() > 0, "the next ticket is " + state.nextTicket());
        long budget = state.budget(new MemoryReading(1000, 2000, "fuzz"));
        Oracle.require(budget >= 0 && budget <= 2000, "a budget of " + budget + " MiB");
        return true;
    }

    private static void file(byte[] ledger) throws IOException {
        Scratch.clear(TOP);
        Files.createDirectories(DIRECTORY);
        Files.writeString(TOP.resolve("x.alive"), "outside");
        Files.writeString(TOP.resolve("a/x.alive"), "outside");
        Files.writeString(DIRECTORY.resolve("1-00000000.alive"), "");
        Files.write(DIRECTORY.resolve("ledger"), ledger);
        List<String> before = outside();
        try (LedgerFile file = new LedgerFile(DIRECTORY)) {
            LedgerState after = file.change(state -> {
                Oracle.require(state.booked().isEmpty(), "the dead have booked: " + state);
                return state.with(new LedgerEntry(state.nextTicket(), file.owner(), 1, "mine", 1, true));
            });
            Oracle.requireEqual(1L, after.bookedMib(), "MiB booked");
            Oracle.requireEqual(after, file.change(state -> state), "the ledger a second time");
        }
        Oracle.requireEqual(before, outside(), "what lies around the ledger");
    }

    private static List<String> outside() {
        return Scratch.listing(TOP).stream()
                .filter(line -> !line.startsWith("a/ledger/"))
                .toList();
    }
}
