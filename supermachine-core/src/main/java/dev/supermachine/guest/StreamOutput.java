package dev.supermachine.guest;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Objects;

/** What the host sends on a stream; waits for credit. Closing is the end of input. */
final class StreamOutput extends OutputStream {

    private final GuestStream stream;

    StreamOutput(GuestStream stream) {
        this.stream = stream;
    }

    @Override
    public void write(int value) throws IOException {
        stream.sender().write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, source.length);
        stream.sender().write(source, offset, length);
    }

    @Override
    public void close() throws IOException {
        stream.endInput();
    }
}
