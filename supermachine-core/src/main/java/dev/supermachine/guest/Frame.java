package dev.supermachine.guest;

/**
 * One frame of the agent protocol.
 *
 * @param flags the subchannel of DATA, CREDIT and EOF, else 0
 * @param stream 0 for control frames
 * @param payload not copied: whoever makes a frame lets go of the array
 */
@SuppressWarnings("ArrayRecordComponent") // lives from decoding to dispatch, is never compared
record Frame(FrameType type, int flags, int stream, int epoch, byte[] payload) {

    static final int HEADER_BYTES = 16;
    static final int MAX_PAYLOAD = 65_536;
    static final int MAX_SUBCHANNEL = 2;

    /** The payload of a frame that has none. */
    static final byte[] NOTHING = {};

    static Frame control(FrameType type, int epoch, byte[] payload) {
        return new Frame(type, 0, 0, epoch, payload);
    }

    static Frame control(FrameType type, int epoch) {
        return control(type, epoch, NOTHING);
    }

    static Frame ofStream(FrameType type, int subchannel, int stream, int epoch, byte[] payload) {
        return new Frame(type, subchannel, stream, epoch, payload);
    }
}
