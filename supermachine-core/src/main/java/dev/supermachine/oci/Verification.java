package dev.supermachine.oci;

import dev.supermachine.ImageException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import org.jspecify.annotations.Nullable;

/** The checks that content passes before it is believed, and what is said when it does not. */
final class Verification {

    private Verification() {}

    /** A small document, read whole and verified. */
    static byte[] read(ImageOrigin origin, Descriptor expected, InputStream source, int limit) {
        if (expected.size() > limit) {
            throw origin.failure(origin.where(expected) + " is too large: expected at most " + limit
                    + " bytes, but it is said to have " + expected.size() + ".");
        }
        byte[] bytes;
        try {
            bytes = source.readNBytes((int) expected.size() + 1);
        } catch (InterruptedIOException e) {
            throw origin.failure("interrupted while reading " + origin.where(expected) + ".", e);
        } catch (IOException e) {
            throw truncated(origin, expected, -1, e);
        }
        check(origin, expected, bytes.length, Digest.of(bytes));
        return bytes;
    }

    static void check(ImageOrigin origin, Descriptor expected, long count, Digest found) {
        if (count < expected.size()) {
            throw truncated(origin, expected, count, null);
        }
        if (count > expected.size()) {
            throw origin.failure(
                    origin.where(expected) + " is longer than the manifest says: expected " + expected.size()
                            + " bytes, found more. Nothing was stored. Pull again; if it stays, push the image again.");
        }
        if (!found.equals(expected.digest())) {
            throw origin.failure(origin.where(expected) + " is not what its name promises: expected "
                    + expected.digest() + ", found "
                    + found + " in " + count
                    + " bytes. It was damaged on the way or where it is kept; nothing was stored. Pull again; if it"
                    + " stays, push the image again.");
        }
    }

    /** The transfer broke too often; what came is kept. */
    static ImageException brokenOff(
            ImageOrigin origin, Descriptor expected, long count, IOException cause, String tries) {
        return origin.failure(
                origin.where(expected) + " broke off: expected " + expected.size() + " bytes, found " + count + " ("
                        + Messages.reason(cause) + ")." + tries
                        + (origin.resumes().isPresent()
                                ? " Pull again: what is complete is not fetched twice, and what broke off goes on where it did."
                                : " Nothing was stored. Check that the file can be read."),
                cause);
    }

    /** Too few bytes came; {@code count} is negative if it is not known how many. */
    static ImageException truncated(ImageOrigin origin, Descriptor expected, long count, @Nullable IOException cause) {
        String found = count < 0 ? "fewer" : String.valueOf(count);
        String reason = cause == null ? "" : " (" + Messages.reason(cause) + ")";
        return origin.failure(
                origin.where(expected) + " broke off: expected " + expected.size() + " bytes, found " + found + reason
                        + ". Nothing was stored. Pull again; blobs that are complete are not fetched twice.",
                cause);
    }

    static ImageException wrongDiffId(ImageOrigin origin, Descriptor layer, Digest expected, Digest found) {
        return origin.failure("layer " + layer.digest()
                + " uncompressed is not what the image's configuration promises: expected diff_id " + expected
                + ", found " + found + ". The image was put together wrongly; build and push it again.");
    }

    static ImageException undecodable(ImageOrigin origin, Descriptor layer, IOException cause) {
        return origin.failure(
                "layer " + layer.digest() + " (" + layer.mediaType()
                        + ") has the right digest but does not decompress: " + Messages.reason(cause)
                        + ". The image was put together wrongly; build and push it again.",
                cause);
    }
}
