package dev.supermachine.oci;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import java.util.zip.ZipException;

/**
 * Decompresses all members of a gzip file (RFC 1952). The JDK's own stream ends after the first member when the source has nothing available at that
 * moment, which cuts off layers that were compressed in chunks.
 */
final class GzipInput extends InputStream {

    private static final int BUFFER = 64 * 1024;
    private static final int DEFLATE = 8;
    private static final int FHCRC = 2;
    private static final int FEXTRA = 4;
    private static final int FNAME = 8;
    private static final int FCOMMENT = 16;
    private static final int RESERVED = 0xe0;

    private final PushbackInputStream in;
    private final Inflater inflater = new Inflater(true);
    private final CRC32 crc = new CRC32();
    private final byte[] buffer = new byte[BUFFER];
    private int buffered;
    private boolean inMember;
    private boolean ended;
    private boolean closed;

    /** Reads from a stream that stands at the first member; {@link #close()} closes it. */
    GzipInput(InputStream source) throws IOException {
        in = new PushbackInputStream(source, BUFFER);
        if (!nextMember(true)) {
            throw new EOFException("The gzip stream is empty");
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        if (closed) {
            throw new IOException("Stream closed");
        }
        if (length == 0) {
            return 0;
        }
        while (!ended) {
            if (!inMember && !nextMember(false)) {
                ended = true;
                break;
            }
            int count = inflate(target, offset, length);
            if (count > 0) {
                crc.update(target, offset, count);
                return count;
            }
            endMember();
        }
        return -1;
    }

    /** Inflates some bytes, or returns 0 at the end of the member. */
    private int inflate(byte[] target, int offset, int length) throws IOException {
        try {
            while (true) {
                int count = inflater.inflate(target, offset, length);
                if (count > 0 || inflater.finished()) {
                    return count;
                }
                if (inflater.needsDictionary()) {
                    throw new ZipException("The gzip data needs a dictionary, which gzip does not have");
                }
                buffered = in.read(buffer, 0, buffer.length);
                if (buffered < 0) {
                    throw new EOFException("The gzip data ends in the middle");
                }
                inflater.setInput(buffer, 0, buffered);
            }
        } catch (DataFormatException e) {
            throw new ZipException("The gzip data is damaged: " + e.getMessage());
        }
    }

    private void endMember() throws IOException {
        int left = inflater.getRemaining();
        if (left > 0) {
            in.unread(buffer, buffered - left, left);
        }
        long expectedCrc = little(4);
        long expectedSize = little(4);
        if (expectedCrc != crc.getValue() || expectedSize != (inflater.getBytesWritten() & 0xffffffffL)) {
            throw new ZipException("The gzip data is damaged: its checksum or its length is wrong");
        }
        inMember = false;
    }

    /** Reads the next member's header; false at the end of the file, which may be padded with zeros. */
    private boolean nextMember(boolean first) throws IOException {
        int id1 = in.read();
        while (!first && id1 == 0) {
            id1 = in.read();
        }
        if (id1 < 0) {
            return false;
        }
        // Of the header, until it is over.
        crc.reset();
        crc.update(id1);
        if (id1 != 0x1f || header() != 0x8b) {
            throw new ZipException("Expected a gzip member, but found other bytes");
        }
        if (header() != DEFLATE) {
            throw new ZipException("The gzip member uses an unknown compression method");
        }
        int flags = header();
        if ((flags & RESERVED) != 0) {
            throw new ZipException("The gzip member uses reserved flags");
        }
        skipHeader(6); // modification time, extra flags, operating system
        if ((flags & FEXTRA) != 0) {
            skipHeader(header() | header() << 8);
        }
        if ((flags & FNAME) != 0) {
            skipText();
        }
        if ((flags & FCOMMENT) != 0) {
            skipText();
        }
        if ((flags & FHCRC) != 0) {
            long expected = crc.getValue() & 0xffff;
            if (little(2) != expected) {
                throw new ZipException("The gzip member's header is damaged: its checksum is wrong");
            }
        }
        inflater.reset();
        crc.reset();
        inMember = true;
        return true;
    }

    private int header() throws IOException {
        int value = required();
        crc.update(value);
        return value;
    }

    private void skipHeader(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            header();
        }
    }

    private void skipText() throws IOException {
        while (header() != 0) {
            // up to the terminating zero
        }
    }

    private long little(int bytes) throws IOException {
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (long) required() << (8 * i);
        }
        return value;
    }

    private int required() throws IOException {
        int value = in.read();
        if (value < 0) {
            throw new EOFException("The gzip data ends in the middle");
        }
        return value;
    }

    @Override
    public void close() throws IOException {
        if (!closed) {
            closed = true;
            inflater.end();
            in.close();
        }
    }
}
