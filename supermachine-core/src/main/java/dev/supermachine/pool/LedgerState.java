package dev.supermachine.pool;

import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonFormatException;
import dev.supermachine.json.JsonWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * The whole ledger at a moment, in order of arrival.
 *
 * @param nextTicket the place of the next to come
 * @param idleMib the memory that was available when last nothing was booked, in MiB; 0 if unknown
 * @param entries who has and who wants memory
 */
record LedgerState(long nextTicket, long idleMib, List<LedgerEntry> entries) {

    static final LedgerState EMPTY = new LedgerState(1, 0, List.of());

    private static final int VERSION = 1;

    /** No ledger comes near; so the tickets after one that was read stay positive. */
    private static final long MAX_TICKET = 1L << 53;

    private static final Pattern OWNER = Pattern.compile("[0-9]{1,10}-[0-9a-f]{8}");

    LedgerState {
        entries = List.copyOf(entries);
    }

    long bookedMib() {
        return booked().stream().mapToLong(LedgerEntry::mib).sum();
    }

    List<LedgerEntry> booked() {
        return entries.stream().filter(LedgerEntry::booked).toList();
    }

    /** Who came first of those who wait. */
    Optional<LedgerEntry> firstWaiting() {
        return entries.stream().filter(entry -> !entry.booked()).findFirst();
    }

    List<LedgerEntry> waitingBefore(long ticket) {
        return entries.stream()
                .filter(entry -> !entry.booked() && entry.ticket() < ticket)
                .toList();
    }

    LedgerState with(LedgerEntry entry) {
        List<LedgerEntry> all = new ArrayList<>(entries);
        all.add(entry);
        return new LedgerState(nextTicket + 1, idleMib, all);
    }

    LedgerState map(UnaryOperator<LedgerEntry> change) {
        return new LedgerState(nextTicket, idleMib, entries.stream().map(change).toList());
    }

    LedgerState without(Predicate<LedgerEntry> gone) {
        return new LedgerState(
                nextTicket, idleMib, entries.stream().filter(gone.negate()).toList());
    }

    LedgerState withIdle(long mib) {
        return new LedgerState(nextTicket, mib, entries);
    }

    /**
     * What all machines may have together. What is available now plus what is booked would be right if machines had touched all their memory; as they touch
     * it bit by bit, it is not more than was available when there were none, or is now.
     */
    long budget(MemoryReading reading) {
        long untouched = Math.max(idleMib, reading.availableMib());
        return Math.min(reading.ceilingMib(), Math.min(untouched, reading.availableMib() + bookedMib()));
    }

    String write() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("version", VERSION);
        json.put("nextTicket", nextTicket);
        json.put("idleMib", idleMib);
        List<Object> lines = new ArrayList<>();
        for (LedgerEntry entry : entries) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("ticket", entry.ticket());
            line.put("owner", entry.owner());
            line.put("pid", entry.pid());
            line.put("machine", entry.machine());
            line.put("mib", entry.mib());
            line.put("booked", entry.booked());
            lines.add(line);
        }
        json.put("entries", lines);
        return JsonWriter.indented(json);
    }

    /** Reads a ledger. Whoever may write to its directory may have written it, so every value is held to its range. */
    static LedgerState read(String text) throws JsonFormatException {
        JsonDocument json = JsonDocument.parse(text);
        if (json.integer("version") != VERSION) {
            return EMPTY;
        }
        List<LedgerEntry> entries = new ArrayList<>();
        for (JsonDocument line : json.objects("entries")) {
            entries.add(new LedgerEntry(
                    within(line, "ticket", 0, MAX_TICKET),
                    owner(line),
                    line.integer("pid"),
                    line.string("machine"),
                    (int) within(line, "mib", 1, Integer.MAX_VALUE),
                    line.bool("booked", false)));
        }
        return new LedgerState(
                within(json, "nextTicket", 1, MAX_TICKET), within(json, "idleMib", 0, Integer.MAX_VALUE), entries);
    }

    /** It becomes the name of a file, so nothing else than what {@link LedgerFile} makes is one. */
    private static String owner(JsonDocument line) throws JsonFormatException {
        String owner = line.string("owner");
        if (!OWNER.matcher(owner).matches()) {
            throw line.malformed("owner", "a process id, a hyphen and eight hexadecimal digits");
        }
        return owner;
    }

    private static long within(JsonDocument json, String name, long least, long most) throws JsonFormatException {
        long number = json.integer(name);
        if (number < least || number > most) {
            throw json.malformed(name, "a number from " + least + " to " + most);
        }
        return number;
    }
}
