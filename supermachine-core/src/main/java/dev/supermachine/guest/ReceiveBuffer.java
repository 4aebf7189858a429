package dev.supermachine.guest;

/**
 * What came on one subchannel and was not read yet: a ring that grows up to the window, and the credit the guest has left. Not thread-safe; its stream
 * guards it.
 */
final class ReceiveBuffer {

    private static final int FIRST_CAPACITY = 4096;

    private final int window;
    private byte[] ring = new byte[0];
    private int head;
    private int filled;
    private int allowed;
    private int owed;
    private boolean ended;
    private boolean discarding;

    ReceiveBuffer(int window) {
        this.window = window;
        this.allowed = window;
    }

    boolean isEmpty() {
        return filled == 0;
    }

    boolean ended() {
        return ended;
    }

    /** Takes in what the guest sent. */
    void put(byte[] data) throws ProtocolException {
        if (ended) {
            throw new ProtocolException("DATA after EOF");
        }
        if (data.length > allowed) {
            throw new ProtocolException(data.length + " bytes of DATA where " + allowed + " were allowed");
        }
        allowed -= data.length;
        if (discarding) {
            owed += data.length;
            return;
        }
        reserve(data.length);
        int tail = (head + filled) % ring.length;
        int first = Math.min(data.length, ring.length - tail);
        System.arraycopy(data, 0, ring, tail, first);
        System.arraycopy(data, first, ring, 0, data.length - first);
        filled += data.length;
    }

    void end() throws ProtocolException {
        if (ended) {
            throw new ProtocolException("EOF twice");
        }
        ended = true;
    }

    /** Hands out up to {@code length} bytes; 0 if there are none. */
    int take(byte[] target, int offset, int length) {
        int count = Math.min(length, filled);
        int first = Math.min(count, ring.length - head);
        System.arraycopy(ring, head, target, offset, first);
        System.arraycopy(ring, 0, target, offset + first, count - first);
        if (count > 0) {
            head = (head + count) % ring.length;
        }
        filled -= count;
        owed += count;
        return count;
    }

    int available() {
        return filled;
    }

    /** Drops what is there and what still comes. */
    void discard() {
        discarding = true;
        owed += filled;
        filled = 0;
        ring = new byte[0];
        head = 0;
    }

    boolean discarding() {
        return discarding;
    }

    /** The credit to grant now: nothing until half a window is owed, so that small reads do not cost a frame each. */
    int claimCredit() {
        if (ended || owed < window / 2) {
            return 0;
        }
        int credit = owed;
        owed = 0;
        allowed += credit;
        return credit;
    }

    /** The credit never exceeds the window, so neither does the ring. */
    private void reserve(int more) {
        int wanted = filled + more;
        if (wanted <= ring.length) {
            return;
        }
        byte[] larger = new byte[Math.min(window, Math.max(FIRST_CAPACITY, Math.max(wanted, 2 * ring.length)))];
        int first = Math.min(filled, ring.length - head);
        System.arraycopy(ring, head, larger, 0, first);
        System.arraycopy(ring, 0, larger, first, filled - first);
        ring = larger;
        head = 0;
    }
}
