package dev.supermachine.guest;

import dev.supermachine.engine.Channel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/** A channel over two byte channels, such as pipes. */
record PipeChannel(ReadableByteChannel in, WritableByteChannel out) implements Channel {

    /** Both ends of a connection. */
    record Pair(PipeChannel near, PipeChannel far) {}

    static Pair pair() {
        try {
            Pipe there = Pipe.open();
            Pipe back = Pipe.open();
            return new Pair(new PipeChannel(back.source(), there.sink()), new PipeChannel(there.source(), back.sink()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        return in.read(target);
    }

    @Override
    public void write(ByteBuffer source) throws IOException {
        while (source.hasRemaining()) {
            out.write(source);
        }
    }

    @Override
    public void close() {
        try {
            in.close();
            out.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
