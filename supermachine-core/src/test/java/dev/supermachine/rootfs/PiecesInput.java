package dev.supermachine.rootfs;

import java.io.InputStream;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** A stream of pieces that are made one by one when they are read. */
final class PiecesInput extends InputStream {

    private final IntFunction<byte @Nullable []> pieces;
    private int next;
    private byte[] piece = new byte[0];
    private int at;

    /**
     * @param pieces gives the piece of a number, counted from 0; null is the end
     */
    PiecesInput(IntFunction<byte @Nullable []> pieces) {
        this.pieces = pieces;
    }

    @Override
    public int read() {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) {
        while (at == piece.length) {
            byte[] following = pieces.apply(next++);
            if (following == null) {
                return -1;
            }
            piece = following;
            at = 0;
        }
        int count = Math.min(length, piece.length - at);
        System.arraycopy(piece, at, buffer, offset, count);
        at += count;
        return count;
    }
}
