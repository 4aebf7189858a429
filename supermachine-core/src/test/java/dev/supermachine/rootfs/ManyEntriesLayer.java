package dev.supermachine.rootfs;

import dev.supermachine.tar.TarSpec;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/** A layer of very many entries that is never held in memory. */
final class ManyEntriesLayer implements LayerSource {

    /** What the entries are. */
    enum Kind {
        /** Files with names of their own, a thousand to a directory. */
        FILES,
        /** The same file, again and again. */
        SAME,
        /** Files, each with an attribute of 60 KiB. */
        ATTRIBUTES,
        /** Files, each behind a header of a hundred thousand records that nobody asks for. */
        RECORDS;

        private byte[] entry(int number) {
            return switch (this) {
                case FILES ->
                    TarSpec.file("directory-" + number / 1000 + "/file-" + number, "")
                            .bytes();
                case SAME -> TarSpec.file("file", "").bytes();
                case ATTRIBUTES ->
                    TarSpec.file("file-" + number, "")
                            .xattr("user.large", "x".repeat(60 << 10))
                            .bytes();
                case RECORDS ->
                    join(RECORDS_HEADER, TarSpec.file("file-" + number, "").bytes());
            };
        }
    }

    private static final byte[] RECORDS_HEADER = recordsHeader();

    private final int count;
    private final Kind kind;

    ManyEntriesLayer(int count, Kind kind) {
        this.count = count;
        this.kind = kind;
    }

    static ManyEntriesLayer parse(String text) {
        String[] parts = text.split(":", -1);
        return new ManyEntriesLayer(Integer.parseInt(parts[1]), Kind.valueOf(parts[2]));
    }

    private static byte[] recordsHeader() {
        Map<String, String> records = new TreeMap<>();
        for (int i = 0; i < 70_000; i++) {
            records.put("x" + Integer.toString(i, 36), "");
        }
        return TarSpec.of('x', "records").content(TarSpec.paxData(records)).bytes();
    }

    private static byte[] join(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    @Override
    public String diffId() {
        return "sha256:" + kind + "-" + count;
    }

    @Override
    public InputStream open() {
        return new PiecesInput(number -> number < count ? kind.entry(number) : number == count ? new byte[1024] : null);
    }
}
