package dev.supermachine.oci;

import dev.supermachine.hash.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.security.MessageDigest;

/**
 * The bytes of one blob as they arrive: counted, hashed and written to a file while somebody reads them. Every failure of the source or of the file is an
 * {@link dev.supermachine.ImageException}, so that an {@link IOException} of a decompressor on top of it can only mean that the bytes do not decompress.
 */
final class Incoming extends InputStream {

    private final Descriptor expected;
    private final ImageOrigin origin;
    private final InputStream source;
    private final WritableByteChannel file;
    private final ContentStore store;
    private final PullListener listener;
    private final MessageDigest hash = Sha256.newDigest();
    private long count;

    Incoming(
            Descriptor expected,
            ImageOrigin origin,
            WritableByteChannel file,
            ContentStore store,
            PullListener listener)
            throws IOException {
        this.expected = expected;
        this.origin = origin;
        this.source = origin.open(expected);
        this.file = file;
        this.store = store;
        this.listener = listener;
    }

    @Override
    public int read() {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) {
        int read = receive(target, offset, length);
        if (read <= 0) {
            return read;
        }
        count += read;
        if (count > expected.size()) {
            throw origin.failure(
                    origin.where(expected) + " is longer than the manifest says: expected " + expected.size()
                            + " bytes, found more. Nothing was stored. Pull again; if it stays, push the image again.");
        }
        hash.update(target, offset, read);
        try {
            ByteBuffer buffer = ByteBuffer.wrap(target, offset, read);
            while (buffer.hasRemaining()) {
                file.write(buffer);
            }
        } catch (IOException e) {
            throw origin.failure("writing to the image cache " + store.root() + " failed: " + store.trouble(e), e);
        }
        listener.blobProgress(expected.digest().toString(), count, expected.size());
        return read;
    }

    private int receive(byte[] target, int offset, int length) {
        try {
            return source.read(target, offset, length);
        } catch (InterruptedIOException e) {
            throw origin.failure("interrupted while reading " + origin.where(expected) + ".", e);
        } catch (IOException e) {
            throw Verification.truncated(origin, expected, count, e);
        }
    }

    /** Reads what is left and checks size and digest. */
    void verify() {
        byte[] buffer = new byte[64 * 1024];
        while (read(buffer, 0, buffer.length) >= 0) {
            // counted and hashed by read
        }
        Verification.check(origin, expected, count, Digest.of(hash));
    }

    @Override
    public void close() throws IOException {
        source.close();
    }
}
