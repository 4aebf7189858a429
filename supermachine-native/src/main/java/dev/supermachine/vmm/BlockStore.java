package dev.supermachine.vmm;

import java.io.IOException;
import java.nio.ByteBuffer;

/** What a disk of a guest is kept in. Used by one thread at a time; the buffers are the guest's memory, which may change meanwhile. */
interface BlockStore extends AutoCloseable {

    /** How many bytes it has. Does not change. */
    long size();

    /**
     * Reads.
     *
     * @param position where from; all that is asked for is within the size
     * @param target filled to its limit
     * @throws IOException if not all could be read; an unknown part was
     */
    void read(long position, ByteBuffer target) throws IOException;

    /**
     * Writes.
     *
     * @param position where to; all that is written is within the size
     * @param source written to its limit
     * @throws IOException if not all could be written, or nothing can be; an unknown part was
     */
    void write(long position, ByteBuffer source) throws IOException;

    /**
     * Brings what was written to where it outlasts the guest, as far as that is intended at all.
     *
     * @throws IOException if that fails
     */
    void flush() throws IOException;

    /** Forgets what was written since the store was made, if it is one that can; else does nothing. Takes the same time however much it was. */
    void discard();

    /** Lets go of files. */
    @Override
    void close() throws IOException;
}
