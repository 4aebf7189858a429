package dev.supermachine.guest;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

/** What the guest sends on one subchannel. */
final class StreamInput extends InputStream {

    private final StreamReceiver receiver;
    private final int subchannel;
    private final Runnable onClose;

    /** Closing drops what still comes on this subchannel; the rest of the stream goes on. */
    StreamInput(GuestStream stream, int subchannel) {
        this(stream, subchannel, () -> stream.receiver().discard(subchannel));
    }

    StreamInput(GuestStream stream, int subchannel, Runnable onClose) {
        this.receiver = stream.receiver();
        this.subchannel = subchannel;
        this.onClose = onClose;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        return receiver.read(subchannel, target, offset, length);
    }

    @Override
    public int available() {
        return receiver.available(subchannel);
    }

    @Override
    public void close() {
        onClose.run();
    }
}
