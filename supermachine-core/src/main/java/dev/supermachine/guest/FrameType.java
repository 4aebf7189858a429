package dev.supermachine.guest;

import org.jspecify.annotations.Nullable;

/** The types of frames, with who may send them and whether they belong to a stream (docs/agent-protocol.md). */
enum FrameType {
    HELLO(0x01, true),
    HELLO_ACK(0x02, false),
    CONFIGURE(0x03, false),
    CONFIGURED(0x04, true),
    START(0x05, false),
    STARTED(0x06, true),
    FREEZE(0x07, false),
    PARKED(0x08, true),
    RESUME(0x09, false),
    RESUMED(0x0A, true),
    WORKLOAD_EXIT(0x0B, true),
    ERROR(0x0C, true),
    PING(0x0D, false),
    PONG(0x0E, true),
    WORKLOAD_SIGNAL(0x0F, false),
    REHEARSE(0x10, false),
    REHEARSED(0x11, true),
    THAW(0x12, false),
    THAWED(0x13, true),

    OPEN(0x20, false),
    OPENED(0x21, true),
    DATA(0x22, true),
    CREDIT(0x23, true),
    EOF(0x24, true),
    SIGNAL(0x25, false),
    RESIZE(0x26, false),
    RESULT(0x27, true),
    STREAM_ERROR(0x28, true),
    RESET(0x29, false);

    private static final int FIRST_OF_STREAMS = 0x20;
    private static final @Nullable FrameType[] BY_CODE = new FrameType[0x2A];

    static {
        for (FrameType type : values()) {
            BY_CODE[type.code] = type;
        }
    }

    private final int code;
    private final boolean fromGuest;

    FrameType(int code, boolean fromGuest) {
        this.code = code;
        this.fromGuest = fromGuest;
    }

    static FrameType of(int code) throws ProtocolException {
        FrameType type = code >= 0 && code < BY_CODE.length ? BY_CODE[code] : null;
        if (type == null) {
            throw new ProtocolException("a frame of the unknown type 0x" + Integer.toHexString(code));
        }
        return type;
    }

    int code() {
        return code;
    }

    /** Whether the guest may send it. */
    boolean fromGuest() {
        return fromGuest;
    }

    boolean ofStream() {
        return code >= FIRST_OF_STREAMS;
    }

    /** Whether {@code flags} names a subchannel. */
    boolean ofSubchannel() {
        return this == DATA || this == CREDIT || this == EOF;
    }
}
