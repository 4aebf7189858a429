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
        return new PiecesInput(this::piece);
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
