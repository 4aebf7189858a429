package dev.supermachine.vmm;

import java.nio.ByteBuffer;

/** A bounded queue of bytes. Not thread-safe. */
final class ByteRing {

    private final byte[] bytes;
    private int from;
    private int count;

    /** An empty one. */
    ByteRing(int capacity) {
        bytes = new byte[capacity];
    }

    /** How many bytes are in it. */
    int count() {
        return count;
    }

    /** How many more fit. */
    int room() {
        return bytes.length - count;
    }

    /** Whether so much has been taken out that it pays to wake whoever fills it. */
    boolean isHalfEmpty() {
        return count <= bytes.length / 2;
    }

    /** Takes as much of the source as fits, advancing its position; says how much. */
    int put(ByteBuffer source) {
        int all = Math.min(source.remaining(), room());
        for (int left = all; left > 0; ) {
            int at = (from + count) % bytes.length;
            int length = Math.min(left, bytes.length - at);
            source.get(bytes, at, length);
            count += length;
            left -= length;
        }
        return all;
    }

    /** Moves as much into the target as fits, advancing its position; says how much. */
    int get(ByteBuffer target) {
        int all = Math.min(target.remaining(), count);
        for (int left = all; left > 0; ) {
            int length = Math.min(left, bytes.length - from);
            target.put(bytes, from, length);
            from = (from + length) % bytes.length;
            count -= length;
            left -= length;
        }
        if (count == 0) {
            from = 0; // whatever comes next is then in one piece
        }
        return all;
    }

    /** Forgets all that is in it. */
    void clear() {
        from = 0;
        count = 0;
    }
}
