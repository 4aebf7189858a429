package dev.supermachine.guest;

/** What a stream is for, and which subchannels that gives it. */
enum StreamKind {
    EXEC(1, true, 2, 4, StreamKind.ANY),
    FILE_READ(2, false, 1, 8, 8),
    FILE_WRITE(3, true, 0, 0, 8),
    STAT(4, false, 0, 0, StreamKind.ANY),
    TAR_OUT(5, false, 1, 0, 8),
    TAR_IN(6, true, 0, 0, 8),
    CONNECT(7, true, 1, 0, 0),
    LISTEN_WATCH(8, false, 0, 0, 1),
    LOG(9, false, 2, 0, 8);

    private static final int ANY = -1;
    private static final int EARLY_CREDIT = 256 * 1024;

    private final int code;
    private final boolean takesInput;
    private final int outputs;
    private final int replyBytes;
    private final int resultBytes;

    StreamKind(int code, boolean takesInput, int outputs, int replyBytes, int resultBytes) {
        this.code = code;
        this.takesInput = takesInput;
        this.outputs = outputs;
        this.replyBytes = replyBytes;
        this.resultBytes = resultBytes;
    }

    /** Passes if a frame that opens or ends a stream of this kind has the length that its kind prescribes. */
    void checkLength(Frame frame) throws ProtocolException {
        boolean reply = frame.type() == FrameType.OPENED;
        int due = reply ? Integer.BYTES + replyBytes : resultBytes;
        if (due != ANY && frame.payload().length != due) {
            throw new ProtocolException("a payload of " + frame.type() + " of " + frame.payload().length
                    + " bytes, where " + due + " are due");
        }
    }

    int code() {
        return code;
    }

    /** What the host may send before the guest has said anything: with its request, so that both take one round trip. */
    int earlyCredit() {
        return this == EXEC ? EARLY_CREDIT : 0;
    }

    /** Whether the host sends data, on subchannel 0. */
    boolean takesInput() {
        return takesInput;
    }

    /** How many of the subchannels 1 and 2 the guest sends on. */
    int outputs() {
        return outputs;
    }
}
