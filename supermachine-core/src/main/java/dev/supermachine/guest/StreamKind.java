package dev.supermachine.guest;

/** What a stream is for, and which subchannels that gives it. */
enum StreamKind {
    EXEC(1, true, 2),
    FILE_READ(2, false, 1),
    FILE_WRITE(3, true, 0),
    STAT(4, false, 0),
    TAR_OUT(5, false, 1),
    TAR_IN(6, true, 0),
    CONNECT(7, true, 1),
    LISTEN_WATCH(8, false, 0),
    LOG(9, false, 2);

    private final int code;
    private final boolean takesInput;
    private final int outputs;

    StreamKind(int code, boolean takesInput, int outputs) {
        this.code = code;
        this.takesInput = takesInput;
        this.outputs = outputs;
    }

    int code() {
        return code;
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
