package dev.supermachine.rootfs;

import dev.supermachine.tar.TarSpec;
import java.io.InputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A layer of any size that is never held in memory: files of equal size in directories of a thousand. */
final class SyntheticLayer implements LayerSource {

    private static final int PER_DIRECTORY = 1000;

    private final long mebibytes;
    private final int files;

    SyntheticLayer(long mebibytes, int files) {
        this.mebibytes = mebibytes;
        this.files = files;
    }

    static SyntheticLayer parse(String text) {
        String[] parts = text.split(":", -1);
        return new SyntheticLayer(Long.parseLong(parts[1]), Integer.parseInt(parts[2]));
    }

    int fileSize() {
        return Math.toIntExact((mebibytes << 20) / files);
    }

    @Override
    public String diffId() {
        return "sha256:synthetic-" + mebibytes + "-" + files;
    }

    @Override
    public InputStream open() {
        return new InputStream() {
            private int next;
            private byte[] piece = new byte[0];
            private int at;

            @Override
            public int read() {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] buffer, int offset, int length) {
                while (at == piece.length) {
                    byte[] following = piece(next++);
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
        };
    }

    private byte @Nullable [] piece(int number) {
        if (number > files) {
            return null;
        }
        if (number == files) {
            return new byte[1024];
        }
        byte[] content = new byte[fileSize()];
        Arrays.fill(content, (byte) number);
        return TarSpec.of('0', "dir-" + number / PER_DIRECTORY + "/a-file-with-a-name-of-some-length-" + number)
                .content(content)
                .mtime(number)
                .xattr("user.number", Integer.toString(number))
                .bytes();
    }
}
