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

    static LedgerState read(String text) throws JsonFormatException {
        JsonDocument json = JsonDocument.parse(text);
        if (json.integer("version") != VERSION) {
            return EMPTY;
        }
        List<LedgerEntry> entries = new ArrayList<>();
        for (JsonDocument line : json.objects("entries")) {
            entries.add(new LedgerEntry(
                    line.integer("ticket"),
                    line.string("owner"),
                    line.integer("pid"),
                    line.string("machine"),
                    (int) line.integer("mib"),
                    line.bool("booked", false)));
        }
        return new LedgerState(json.integer("nextTicket"), json.integer("idleMib"), entries);
    }
}
