package dev.supermachine.engine;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Bytes to and from the guest's agent. One thread may read while another writes; closing ends both. */
public interface Channel extends AutoCloseable {

    /**
     * Waits for at least one byte.
     *
     * @param target where to put what came
     * @return how many bytes came, or -1 at the end
     * @throws IOException if the channel fails, or is closed by another thread
     */
    int read(ByteBuffer target) throws IOException;

    /**
     * Writes all that remains in the buffer, waiting as long as the guest does not read.
     *
     * @param source what to send
     * @throws IOException if the channel fails or is closed
     */
    void write(ByteBuffer source) throws IOException;

    /** Closes both directions; blocked reads and writes end. Further calls do nothing. */
    @Override
    void close();
}
