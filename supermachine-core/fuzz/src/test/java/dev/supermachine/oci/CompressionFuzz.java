package dev.supermachine.oci;

import dev.supermachine.fuzz.Oracle;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Any bytes as a compressed layer: bytes or an {@link IOException}, never more than the compression can hold, and the same however they are read. What the
 * JDK's gzip takes is taken too, and gives the same; any bytes compressed in any members are had back.
 */
public final class CompressionFuzz {

    private static final int MAX_BYTES = 1 << 18;

    private CompressionFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        byte[] whole = decompressed(input, 65_536);
        byte[] parts = decompressed(input, 7);
        Oracle.require(Arrays.equals(whole, parts), "read in one way it is other than in another");
        if (Decompression.isGzip(input)) {
            compareWithJdk(input, whole);
        } else if (!Decompression.isZstd(input)) {
            Oracle.require(Arrays.equals(whole, input), "what is not compressed is changed");
        }
        members(input);
    }

    /** Null if it is refused. */
    private static byte @Nullable [] decompressed(byte[] input, int step) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (InputStream in = Decompression.open(new ByteArrayInputStream(input))) {
            byte[] buffer = new byte[step];
            for (int count = in.read(buffer); count >= 0 && out.size() < MAX_BYTES; count = in.read(buffer)) {
                Oracle.require(count > 0, "a read of no bytes");
                out.write(buffer, 0, count);
            }
        } catch (IOException e) {
            Oracle.requireGoodMessage(e);
            return null;
        }
        byte[] bytes = out.toByteArray();
        // Deflate makes at most 1032 bytes of one; a zstd block of three bytes up to 128 KiB.
        Oracle.require(bytes.length <= (input.length + 1L) * (128 << 10), bytes.length + " of " + input.length);
        return Arrays.copyOf(bytes, Math.min(bytes.length, MAX_BYTES));
    }

    /** The JDK takes any bytes behind a member for the end of the file; here they are an error, so only its acceptance of a prefix is compared. */
    private static void compareWithJdk(byte[] input, byte @Nullable [] ours) {
        if (ours == null || ours.length == MAX_BYTES) {
            return;
        }
        try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(input))) {
            Oracle.require(Arrays.equals(ours, in.readNBytes(MAX_BYTES)), "the JDK reads other bytes");
        } catch (IOException e) {
            throw new AssertionError("the JDK refuses what we accept", e);
        }
    }

    private static void members(byte[] input) {
        int members = input.length == 0 ? 1 : 1 + (input[0] & 3);
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try {
            for (int i = 0; i < members; i++) {
                try (GZIPOutputStream member = new GZIPOutputStream(file)) {
                    int from = (int) ((long) input.length * i / members);
                    int to = (int) ((long) input.length * (i + 1) / members);
                    member.write(input, from, to - from);
                }
            }
            file.write(new byte[input.length % 5]); // tape blocks
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        byte[] expected = Arrays.copyOf(input, Math.min(input.length, MAX_BYTES));
        Oracle.require(Arrays.equals(expected, decompressed(file.toByteArray(), 1000)), "other bytes than compressed");
    }
}
