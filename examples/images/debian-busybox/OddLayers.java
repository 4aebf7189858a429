import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Writes the layers of the busybox image as tar files. They hold what no unprivileged user could make as files first: devices, big user ids,
 * capabilities. Always the same bytes for the same busybox. Run: {@code java OddLayers.java BUSYBOX APPLETS DIRECTORY}.
 */
final class OddLayers {
    private static final long DAY = 1_700_000_000L;
    private static final String LONG = "n".repeat(120);

    private OddLayers() {}

    public static void main(String[] args) throws IOException {
        byte[] busybox = Files.readAllBytes(Path.of(args[0]));
        List<String> applets = Files.readAllLines(Path.of(args[1]));
        Path directory = Path.of(args[2]);
        try (Tar tar = new Tar(directory.resolve("1-busybox.tar"))) {
            system(tar, busybox, applets);
        }
        try (Tar tar = new Tar(directory.resolve("2-odd.tar"))) {
            kinds(tar);
            names(tar);
            sizes(tar);
            toBeChanged(tar);
        }
        try (Tar tar = new Tar(directory.resolve("3-changes.tar"))) {
            changes(tar);
        }
    }

    private static void system(Tar tar, byte[] busybox, List<String> applets) throws IOException {
        for (String name : List.of("bin", "dev", "etc", "home", "proc", "root", "run", "sys", "usr", "usr/bin", "var", "var/log")) {
            tar.directory(name, name.equals("root") ? 0700 : 0755);
        }
        tar.directory("tmp", 01777);
        tar.directory("var/tmp", 01777);
        tar.file("bin/busybox", 0755, busybox);
        for (String applet : applets) {
            if (!applet.equals("busybox")) {
                tar.symlink("bin/" + applet, "busybox");
            }
        }
        tar.file("etc/passwd", 0644, "root:x:0:0:root:/root:/bin/sh\nguest:x:1000:1000:guest:/home:/bin/sh\n"
                + "large:x:70000:70000:large:/home:/bin/sh\n");
        tar.file("etc/group", 0644, "root:x:0:\nguest:x:1000:\nextra:x:2000:guest\nlarge:x:70000:\n");
    }

    private static void kinds(Tar tar) throws IOException {
        tar.directory("odd", 0755);
        tar.file("odd/setuid", 04755, "#!/bin/sh\nid -u\n");
        tar.file("odd/setgid", 02755, "#!/bin/sh\nid -g\n");
        tar.directory("odd/setgid-directory", 02775);
        tar.directory("odd/sticky-directory", 01777);
        tar.directory("odd/empty-directory", 0750);
        tar.file("odd/no-rights", 0000, "nobody may read this\n");
        tar.entry("odd/large-owner").owner(70_000, 80_000).content("owned by 70000:80000\n").write();
        tar.entry("odd/larger-owner").owner(3_000_000_000L, 4_000_000_000L).content("beyond octal\n").write();
        tar.entry("odd/nanoseconds").time(DAY, 123_456_789).content("written at .123456789\n").write();
        tar.entry("odd/one-nanosecond").time(DAY, 1).content("written at .000000001\n").write();
        tar.entry("odd/directory-with-nanoseconds").type('5').mode(0755).time(DAY, 987_654_321).write();
        // cap_net_raw and cap_setfcap, effective: the top bit makes the value no valid UTF-8.
        byte[] capability = {1, 0, 0, 2, 0, 0x20, 0, (byte) 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
        tar.entry("odd/capability").mode(0755).xattr("security.capability", capability).content("#!/bin/sh\n").write();
        tar.entry("odd/attributes")
                .xattr("user.plain", "value".getBytes(StandardCharsets.UTF_8))
                .xattr("user.lines", "one\ntwo\n".getBytes(StandardCharsets.UTF_8))
                .xattr("user.binary", new byte[] {0, (byte) 0xff, (byte) 0xfe, 10, 0})
                .content("with attributes\n")
                .write();
        tar.entry("odd/directory-with-attributes").type('5').mode(0755).xattr("user.kind", new byte[] {'d'}).write();
        tar.file("odd/original", 0644, "one file of three names\n");
        tar.hardLink("odd/second-name", "odd/original");
        tar.hardLink("odd/empty-directory/third-name", "odd/original");
        tar.symlink("odd/relative-link", "original");
        tar.symlink("odd/absolute-link", "/odd/original");
        tar.symlink("odd/dangling-link", "../nowhere/at/all");
        tar.symlink("odd/long-link", "x/".repeat(150) + "end");
        tar.symlink("odd/longest-link", "y/".repeat(2000) + "end");
        tar.entry("odd/fifo").type('6').mode(0622).write();
        tar.entry("odd/null-device").type('3').mode(0666).device(1, 3).write();
        tar.entry("odd/block-device").type('4').mode(0660).device(7, 1).write();
        tar.entry("odd/large-device").type('3').mode(0600).device(259, 70_000).write();
    }

    private static void names(Tar tar) throws IOException {
        tar.directory("names", 0755);
        tar.entry(bytes("names/", 0xe9, 't', 0xe9, 0xff)).content("a name in Latin-1\n").write();
        tar.file("names/\u00fcmlaut-\u65e5\u672c-\ud83d\ude00", 0644, "a name in UTF-8\n");
        tar.file("names/with space", 0644, "space\n");
        tar.file("names/with\nnewline", 0644, "newline\n");
        tar.file("names/with\"quote'\\backslash", 0644, "quote\n");
        tar.file("names/-dash", 0644, "dash\n");
        tar.file("names/" + LONG, 0644, "a name of 120 bytes\n");
        tar.file("names/" + "m".repeat(255), 0644, "a name of 255 bytes\n");
        StringBuilder path = new StringBuilder("names");
        for (int i = 0; i < 6; i++) {
            path.append('/').append("deep-" + i + "-" + "d".repeat(60));
            tar.directory(path.toString(), 0755);
        }
        tar.file(path + "/bottom", 0644, "a path of more than 400 bytes\n");
        tar.hardLink(path + "/other-bottom", path + "/bottom");
        tar.gnuFile("names/gnu-" + LONG, "a GNU long name\n");
        tar.directory("names/many", 0755);
        for (int i = 0; i < 1500; i++) {
            tar.file("names/many/entry-" + i, 0644, i % 3 == 0 ? "" : i + "\n");
        }
    }

    private static void sizes(Tar tar) throws IOException {
        tar.directory("sizes", 0755);
        for (int size : new int[] {0, 1, 511, 512, 513, 4095, 4096, 4097, 8192, 65_537, 3_000_001}) {
            byte[] content = new byte[size];
            new Random(size).nextBytes(content);
            tar.file("sizes/" + size, 0644, content);
        }
        tar.file("sizes/zeroes", 0644, new byte[1 << 20]);
    }

    private static void toBeChanged(Tar tar) throws IOException {
        tar.directory("changed", 0755);
        for (String name : List.of("removed", "rewritten", "becomes-directory", "becomes-link", "loses-rights", "keeps-below")) {
            tar.file("changed/" + name, 0644, name + ", from below\n");
        }
        tar.hardLink("changed/linked-to-removed", "changed/removed");
        tar.hardLink("changed/linked-to-rewritten", "changed/rewritten");
        for (String name : List.of("becomes-file", "opaque", "removed-directory", "changes-rights")) {
            tar.directory("changed/" + name, 0755);
            tar.file("changed/" + name + "/below", 0644, "from below\n");
        }
        tar.directory("changed/opaque/inner", 0755);
        tar.file("changed/opaque/inner/below", 0644, "from below\n");
        tar.directory("changed/real-directory", 0755);
    }

    private static void changes(Tar tar) throws IOException {
        tar.file("changed/.wh.removed", 0, "");
        tar.file("changed/.wh.removed-directory", 0, "");
        tar.file("changed/rewritten", 0600, "rewritten, from above\n");
        tar.entry("changed/loses-rights").mode(0400).owner(1000, 1000).content("loses-rights, from above\n").write();
        tar.directory("changed/becomes-directory", 0711);
        tar.file("changed/becomes-directory/above", 0644, "from above\n");
        tar.symlink("changed/becomes-link", "keeps-below");
        tar.file("changed/becomes-file", 0644, "becomes-file, from above\n");
        tar.directory("changed/changes-rights", 0700);
        tar.directory("changed/opaque", 0755);
        tar.file("changed/opaque/above", 0644, "from above\n");
        tar.file("changed/opaque/.wh..wh..opq", 0, "");
        tar.hardLink("changed/linked-over-layers", "changed/keeps-below");
        tar.file("changed/real-directory/above", 0644, "from above\n");
        tar.file("odd/.wh.one-nanosecond", 0, "");
    }

    private static byte[] bytes(String text, int... more) {
        byte[] start = text.getBytes(StandardCharsets.UTF_8);
        byte[] all = Arrays.copyOf(start, start.length + more.length);
        for (int i = 0; i < more.length; i++) {
            all[start.length + i] = (byte) more[i];
        }
        return all;
    }

    /** A tar file being written: ustar headers, PAX records for what does not fit them. */
    private static final class Tar implements AutoCloseable {
        private static final int BLOCK = 512;
        private final OutputStream out;

        Tar(Path file) throws IOException {
            out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16);
        }

        Entry entry(String name) {
            return entry(name.getBytes(StandardCharsets.UTF_8));
        }

        Entry entry(byte[] name) {
            return new Entry(this, name);
        }

        void directory(String name, int mode) throws IOException {
            entry(name + "/").type('5').mode(mode).write();
        }

        void file(String name, int mode, String content) throws IOException {
            entry(name).mode(mode).content(content).write();
        }

        void file(String name, int mode, byte[] content) throws IOException {
            entry(name).mode(mode).content(content).write();
        }

        void symlink(String name, String target) throws IOException {
            entry(name).type('2').mode(0777).link(target).write();
        }

        void hardLink(String name, String target) throws IOException {
            entry(name).type('1').link(target).write();
        }

        /** A long name in the way of GNU tar: an entry of type L before the file itself. */
        void gnuFile(String name, String content) throws IOException {
            byte[] full = (name + '\0').getBytes(StandardCharsets.UTF_8);
            header("././@LongLink".getBytes(StandardCharsets.UTF_8), 'L', full.length, new Entry(this, full), true);
            content(full);
            byte[] data = content.getBytes(StandardCharsets.UTF_8);
            header(Arrays.copyOf(full, 100), '0', data.length, new Entry(this, full), true);
            content(data);
        }

        void header(byte[] name, char type, long size, Entry entry, boolean gnu) throws IOException {
            byte[] block = new byte[BLOCK];
            System.arraycopy(name, 0, block, 0, Math.min(name.length, 100));
            octal(block, 100, 8, entry.mode);
            octal(block, 108, 8, entry.uid < 1 << 21 ? entry.uid : 0);
            octal(block, 116, 8, entry.gid < 1 << 21 ? entry.gid : 0);
            octal(block, 124, 12, size);
            octal(block, 136, 12, entry.seconds);
            Arrays.fill(block, 148, 156, (byte) ' ');
            block[156] = (byte) type;
            System.arraycopy(entry.link, 0, block, 157, Math.min(entry.link.length, 100));
            byte[] magic = (gnu ? "ustar  \0" : "ustar\00000").getBytes(StandardCharsets.US_ASCII);
            System.arraycopy(magic, 0, block, 257, 8);
            octal(block, 329, 8, entry.major);
            octal(block, 337, 8, entry.minor);
            int sum = 0;
            for (byte b : block) {
                sum += b & 0xff;
            }
            octal(block, 148, 7, sum);
            block[155] = ' ';
            out.write(block);
        }

        void content(byte[] data) throws IOException {
            out.write(data);
            out.write(new byte[(BLOCK - data.length % BLOCK) % BLOCK]);
        }

        private static void octal(byte[] block, int at, int width, long value) {
            byte[] digits = String.format("%0" + (width - 1) + "o", value).getBytes(StandardCharsets.US_ASCII);
            System.arraycopy(digits, 0, block, at, width - 1);
        }

        @Override
        public void close() throws IOException {
            out.write(new byte[2 * BLOCK]);
            out.close();
        }
    }

    private static final class Entry {
        private final Tar tar;
        private final byte[] name;
        private final Map<String, byte[]> records = new LinkedHashMap<>();
        private byte[] link = new byte[0];
        private byte[] data = new byte[0];
        private char type = '0';
        private int mode = 0644;
        private long uid;
        private long gid;
        private long seconds = DAY;
        private int major;
        private int minor;

        Entry(Tar tar, byte[] name) {
            this.tar = tar;
            this.name = name;
        }

        Entry type(char value) {
            type = value;
            return this;
        }

        Entry mode(int value) {
            mode = value;
            return this;
        }

        Entry owner(long user, long group) {
            uid = user;
            gid = group;
            return this;
        }

        Entry time(long second, int nanos) {
            seconds = second;
            return record("mtime", String.format("%d.%09d", second, nanos));
        }

        Entry device(int majorNumber, int minorNumber) {
            major = majorNumber;
            minor = minorNumber;
            return this;
        }

        Entry link(String target) {
            link = target.getBytes(StandardCharsets.UTF_8);
            return this;
        }

        Entry content(String text) {
            return content(text.getBytes(StandardCharsets.UTF_8));
        }

        Entry content(byte[] bytes) {
            data = bytes;
            return this;
        }

        Entry xattr(String key, byte[] value) {
            records.put("SCHILY.xattr." + key, value);
            return this;
        }

        private Entry record(String key, String value) {
            records.put(key, value.getBytes(StandardCharsets.UTF_8));
            return this;
        }

        void write() throws IOException {
            if (name.length > 100) {
                records.put("path", name);
            }
            if (link.length > 100) {
                records.put("linkpath", link);
            }
            if (uid >= 1 << 21) {
                record("uid", Long.toString(uid));
            }
            if (gid >= 1 << 21) {
                record("gid", Long.toString(gid));
            }
            if (!records.isEmpty()) {
                ByteArrayOutputStream all = new ByteArrayOutputStream();
                for (Map.Entry<String, byte[]> record : records.entrySet()) {
                    all.writeBytes(encode(record.getKey(), record.getValue()));
                }
                byte[] pax = "PaxHeaders/entry".getBytes(StandardCharsets.US_ASCII);
                tar.header(pax, 'x', all.size(), new Entry(tar, pax), false);
                tar.content(all.toByteArray());
            }
            tar.header(name, type, data.length, this, false);
            tar.content(data);
        }

        /** "LENGTH KEY=VALUE\n", where LENGTH counts itself. */
        private static byte[] encode(String key, byte[] value) {
            byte[] start = (" " + key + "=").getBytes(StandardCharsets.UTF_8);
            int rest = start.length + value.length + 1;
            int length = rest + 1;
            while (Integer.toString(length).length() + rest != length) {
                length = Integer.toString(length).length() + rest;
            }
            ByteArrayOutputStream record = new ByteArrayOutputStream();
            record.writeBytes(Integer.toString(length).getBytes(StandardCharsets.US_ASCII));
            record.writeBytes(start);
            record.writeBytes(value);
            record.write('\n');
            return record.toByteArray();
        }
    }
}
