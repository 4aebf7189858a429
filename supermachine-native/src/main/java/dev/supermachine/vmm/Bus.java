package dev.supermachine.vmm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The regions that answer to a guest's accesses, by their addresses: of memory-mapped I/O, or of ports. Where there is none, a read gives all ones and a write is
 * lost, as on a bus where nothing drives the lines. Regions may be added at any time; accesses take no lock.
 */
final class Bus implements IoRegion {

    private record Entry(long begin, long end, IoRegion region) {

        boolean has(long address) {
            return address >= begin && address < end;
        }

        long read(long address, int size) {
            return region.read(address - begin, size);
        }

        void write(long address, int size, long value) {
            region.write(address - begin, size, value);
        }
    }

    /** In ascending order, none overlapping another; never changed, but replaced. */
    private volatile Entry[] entries = {};

    /**
     * Puts a region on the bus.
     *
     * @param begin its first address, not negative
     * @param length how many addresses it has, at least 1
     * @param region what answers there
     * @return this
     */
    synchronized Bus add(long begin, long length, IoRegion region) {
        long end = begin + length;
        if (begin < 0 || length < 1 || end < 0) {
            throw new IllegalArgumentException(
                    "Not a region of a bus: " + length + " addresses at 0x" + Long.toHexString(begin));
        }
        List<Entry> grown = new ArrayList<>(Arrays.asList(entries));
        if (grown.stream().anyMatch(entry -> entry.begin < end && begin < entry.end)) {
            throw new IllegalArgumentException("A region of " + length + " addresses at 0x" + Long.toHexString(begin)
                    + " overlaps one that is on the bus");
        }
        grown.add(new Entry(begin, end, region));
        grown.sort(Comparator.comparingLong(Entry::begin));
        entries = grown.toArray(new Entry[0]);
        return this;
    }

    /**
     * Reads from the region an address is in. An access that is not all in one region, or of an odd size as the hypervisor makes at the border of two pages, is
     * made byte by byte; so a region on a bus is only asked for what it has.
     */
    @Override
    public long read(long address, int size) {
        Entry[] now = entries;
        Entry entry = find(now, address);
        if (entry != null && isWhole(entry, address, size)) {
            return entry.read(address, size);
        }
        long value = 0;
        for (int i = 0; i < size && i < Long.BYTES; i++) {
            Entry part = find(now, address + i);
            value |= (part == null ? 0xFFL : part.read(address + i, 1) & 0xFF) << (8 * i);
        }
        return value;
    }

    /** Writes to the region an address is in, as {@link #read} reads. */
    @Override
    public void write(long address, int size, long value) {
        Entry[] now = entries;
        Entry entry = find(now, address);
        if (entry != null && isWhole(entry, address, size)) {
            entry.write(address, size, value);
            return;
        }
        for (int i = 0; i < size && i < Long.BYTES; i++) {
            Entry part = find(now, address + i);
            if (part != null) {
                part.write(address + i, 1, (value >>> (8 * i)) & 0xFF);
            }
        }
    }

    @Override
    public boolean turn() {
        boolean any = false;
        for (Entry entry : entries) {
            any |= entry.region.turn();
        }
        return any;
    }

    private static boolean isWhole(Entry entry, long address, int size) {
        return size <= entry.end - address && (size == 1 || size == 2 || size == 4 || size == 8);
    }

    private static @Nullable Entry find(Entry[] entries, long address) {
        int low = 0;
        int high = entries.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            Entry entry = entries[middle];
            if (entry.has(address)) {
                return entry;
            }
            if (address < entry.begin) {
                high = middle - 1;
            } else {
                low = middle + 1;
            }
        }
        return null;
    }
}
