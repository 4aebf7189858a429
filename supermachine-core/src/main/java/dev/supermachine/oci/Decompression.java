package dev.supermachine.oci;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * Takes the compression off a stream. The first bytes decide and not the media type, because images whose media type names another compression are
 * common and harmless: the digest of the uncompressed bytes is checked anyway.
 */
final class Decompression {

    /** The largest window of a zstd frame that is accepted: 2^27 bytes, what {@code zstd --long} makes. */
    private static final int ZSTD_WINDOW_LOG = 27;

    private Decompression() {}

    /** The decompressed bytes, all frames or members of them. Closing the result closes the source. */
    static InputStream open(InputStream source) throws IOException {
        BufferedInputStream in = new BufferedInputStream(source, 64 * 1024);
        byte[] magic = peek(in);
        if (isGzip(magic)) {
            return new GzipInput(in);
        }
        if (isZstd(magic)) {
            return new ZstdInput(in);
        }
        return in;
    }

    /** Says in its own words what zstd's "too much memory" is about. */
    private static final class ZstdInput extends ZstdInputStream {

        ZstdInput(InputStream source) throws IOException {
            super(source);
            setLongMax(ZSTD_WINDOW_LOG);
        }

        @Override
        public synchronized int read(byte[] target, int offset, int length) throws IOException {
            try {
                return super.read(target, offset, length);
            } catch (ZstdIOException e) {
                if (e.getErrorCode() == Zstd.errFrameParameterWindowTooLarge()) {
                    throw new IOException(
                            "The zstd frame needs a window of more than 128 MiB (compressed with --long above "
                                    + ZSTD_WINDOW_LOG + "?)",
                            e);
                }
                throw e;
            }
        }
    }

    /** The suffix that the media type of an OCI layer with these first bytes has. */
    static String mediaTypeSuffix(byte[] start) {
        return isGzip(start) ? "+gzip" : isZstd(start) ? "+zstd" : "";
    }

    private static byte[] peek(BufferedInputStream in) throws IOException {
        in.mark(4);
        byte[] magic = in.readNBytes(4);
        in.reset();
        return magic;
    }

    static boolean isGzip(byte[] start) {
        return start.length >= 2 && (start[0] & 0xff) == 0x1f && (start[1] & 0xff) == 0x8b;
    }

    /** RFC 8878: a frame, or one of the skippable frames, which zstd:chunked layers contain. */
    static boolean isZstd(byte[] start) {
        if (start.length < 4) {
            return false;
        }
        int magic = (start[0] & 0xff) | (start[1] & 0xff) << 8 | (start[2] & 0xff) << 16 | (start[3] & 0xff) << 24;
        return magic == 0xFD2FB528 || (magic & 0xFFFFFFF0) == 0x184D2A50;
    }
}
