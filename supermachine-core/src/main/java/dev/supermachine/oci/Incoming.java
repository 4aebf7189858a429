package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.hash.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of one blob as they arrive: counted, hashed and written to a file while somebody reads them. What the file has from an earlier pull comes first and
 * is hashed like the rest. A source that breaks off is opened again where it broke off. Every failure of the source or of the file is an
 * {@link ImageException}, so that an {@link IOException} of a decompressor on top of it can only mean that the bytes do not decompress.
 */
final class Incoming extends InputStream {

    /** What has to arrive on a connection for it not to have been in vain. */
    private static final long PROGRESS = 64 * 1024;

    private final Descriptor expected;
    private final ImageOrigin origin;
    private final FileChannel file;
    private final ContentStore store;
    private final PullListener listener;
    private final MessageDigest hash = Sha256.newDigest();
    private final Retry retry;
    private final long had;
    private @Nullable InputStream source;
    private long count;
    private long countAtBreak;
    private boolean brokenOff;
    private boolean verified;

    Incoming(Descriptor expected, ImageOrigin origin, FileChannel file, ContentStore store, PullListener listener)
            throws IOException {
        this.expected = expected;
        this.origin = origin;
        this.file = file;
        this.store = store;
        this.listener = listener;
        this.retry = new Retry(origin.resumes().orElse(RetryPolicy.NEVER));
        if (file.size() > expected.size()) {
            file.truncate(0);
        }
        this.had = file.size();
        if (origin.resumes().isEmpty()) {
            this.source = origin.openAt(expected, had);
        }
    }

    /** Whether some of the bytes are from an earlier pull. */
    boolean isResumed() {
        return had > 0;
    }

    /** Whether the transfer ended early, and what the file has by now is good as far as is known. */
    boolean isBrokenOff() {
        return brokenOff;
    }

    boolean isVerified() {
        return verified;
    }

    @Override
    public int read() {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) {
        boolean old = count < had;
        int read = old ? reread(target, offset, length) : receive(target, offset, length);
        if (read <= 0) {
            return read;
        }
        if (count + read > expected.size()) {
            throw origin.failure(
                    origin.where(expected) + " is longer than the manifest says: expected " + expected.size()
                            + " bytes, found more. Nothing was stored. Pull again; if it stays, push the image again.");
        }
        hash.update(target, offset, read);
        if (!old) {
            write(ByteBuffer.wrap(target, offset, read));
        }
        count += read;
        listener.blobProgress(expected.digest().toString(), count, expected.size());
        return read;
    }

    private int reread(byte[] target, int offset, int length) {
        try {
            int read = file.read(ByteBuffer.wrap(target, offset, (int) Math.min(length, had - count)), count);
            if (read <= 0) {
                throw new IOException("it became shorter");
            }
            return read;
        } catch (IOException e) {
            throw origin.failure(
                    "the beginning of " + expected.digest()
                            + " that an earlier pull left in the image cache cannot be read: " + Messages.reason(e)
                            + ". Pull again; if this repeats, check the disk.",
                    e);
        }
    }

    private void write(ByteBuffer buffer) {
        try {
            for (long at = count; buffer.hasRemaining(); ) {
                at += file.write(buffer, at);
            }
        } catch (IOException e) {
            throw origin.failure("writing to the image cache " + store.root() + " failed: " + store.trouble(e), e);
        }
    }

    private int receive(byte[] target, int offset, int length) {
        while (true) {
            try {
                if (source == null) {
                    if (count == expected.size()) {
                        return -1;
                    }
                    source = origin.openAt(expected, count);
                }
                return source.read(target, offset, length);
            } catch (ImageException e) {
                brokenOff = true;
                throw e;
            } catch (InterruptedIOException e) {
                throw interrupted(e);
            } catch (RegistryEndpoint.WrongRange e) {
                throw origin.failure(
                        e.getMessage()
                                + ". Nothing was stored. Pull again, which begins anew; if it stays, a proxy in between may be at fault.",
                        e);
            } catch (IOException e) {
                afterBreak(e);
            }
        }
    }

    private void afterBreak(IOException failure) {
        close();
        if (count == expected.size()) {
            return; // only the end of the transfer is missing
        }
        if (count - countAtBreak >= PROGRESS) {
            retry.progressed();
        }
        countAtBreak = count;
        Optional<Duration> wait = retry.next(Optional.empty());
        if (wait.isEmpty()) {
            brokenOff = true;
            throw Verification.brokenOff(origin, expected, count, failure, retry.summary());
        }
        try {
            Retry.pause(wait.get());
        } catch (InterruptedIOException e) {
            throw interrupted(e);
        }
    }

    private ImageException interrupted(InterruptedIOException cause) {
        brokenOff = true;
        return origin.failure("interrupted while reading " + origin.where(expected) + ".", cause);
    }

    /** Reads what is left and checks size and digest. */
    void verify() {
        byte[] buffer = new byte[64 * 1024];
        while (read(buffer, 0, buffer.length) >= 0) {
            // counted and hashed by read
        }
        Verification.check(origin, expected, count, Digest.of(hash));
        verified = true;
    }

    @Override
    public void close() {
        if (source != null) {
            try {
                source.close();
            } catch (IOException e) {
                // What was read counts; there is nothing more to be had from it.
            }
            source = null;
        }
    }
}
