package dev.supermachine.rootfs;

import dev.supermachine.ImageException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One header block (POSIX.1-2017, pax, "ustar Interchange Format") and how extensions override it. The block is only borrowed until the next one is read,
 * so all plain fields are taken at once.
 */
final class TarHeader {

    /** The longest path or link target; Linux allows one byte less. */
    static final int MAX_PATH = 4096;

    private static final long MAX_ID = 0xffff_ffffL;
    private static final int MAX_MAJOR = (1 << 12) - 1;
    private static final int MAX_MINOR = (1 << 20) - 1;
    private static final int MAX_XATTR_NAME = 255;
    private static final int MAX_XATTR_VALUE = 65536;
    private static final String XATTR_KEY = "SCHILY.xattr.";
    private static final String SPARSE_KEY = "GNU.sparse.";

    private final byte[] block;
    private final LayerErrors errors;
    private final char typeFlag;
    private final long size;
    private String name;

    TarHeader(byte[] block, LayerErrors errors) {
        this.block = block;
        this.errors = errors;
        name = path();
        checkSum();
        typeFlag = (char) (block[156] & 0xff);
        size = field("size", 124, 12, 1L << 60);
    }

    char typeFlag() {
        return typeFlag;
    }

    /** The size field, before extensions. */
    long size() {
        return size;
    }

    /** The entry this header and what stood before it describe; pax records win over GNU long names, those over the header. */
    TarEntry entry(@Nullable String longName, @Nullable String longLink, Map<String, String> pax) {
        name = override(pax, "path", longName != null ? longName : name);
        String linkName = override(pax, "linkpath", longLink != null ? longLink : text(157, 100));
        for (String key : pax.keySet()) {
            if (key.startsWith(SPARSE_KEY)) {
                throw sparse();
            }
        }
        EntryType type = type();
        checkText("name", name);
        checkText("link target", linkName);
        boolean link = type == EntryType.SYMLINK || type == EntryType.HARD_LINK;
        if (link && linkName.isEmpty()) {
            throw errors.of(name, "is a link, but says to nothing.");
        }
        boolean device = type == EntryType.CHARACTER_DEVICE || type == EntryType.BLOCK_DEVICE;
        TarNumbers.Time time = time(pax);
        return new TarEntry(
                name,
                type,
                link ? linkName : "",
                (int) field("mode", 100, 8, Integer.MAX_VALUE) & 07777,
                (int) number(pax, "uid", 108, 8, MAX_ID),
                (int) number(pax, "gid", 116, 8, MAX_ID),
                type == EntryType.FILE ? number(pax, "size", 124, 12, 1L << 60) : 0,
                time.seconds(),
                time.nanos(),
                device ? (int) field("device major number", 329, 8, MAX_MAJOR) : 0,
                device ? (int) field("device minor number", 337, 8, MAX_MINOR) : 0,
                xattrs(pax));
    }

    private EntryType type() {
        return switch (typeFlag) {
            // Before ustar a directory was told by its name alone.
            case 0 -> name.endsWith("/") ? EntryType.DIRECTORY : EntryType.FILE;
            case '0', '7' -> EntryType.FILE;
            case '1' -> EntryType.HARD_LINK;
            case '2' -> EntryType.SYMLINK;
            case '3' -> EntryType.CHARACTER_DEVICE;
            case '4' -> EntryType.BLOCK_DEVICE;
            case '5' -> EntryType.DIRECTORY;
            case '6' -> EntryType.FIFO;
            case 'S' -> throw sparse();
            default ->
                throw errors.of(
                        name,
                        String.format(
                                "has the type 0x%02x; files, directories, links, devices and fifos are known.",
                                (int) typeFlag));
        };
    }

    private ImageException sparse() {
        return errors.of(
                name,
                "is a sparse file, which is not supported. Build the layer without sparse files (GNU tar: without"
                        + " --sparse).");
    }

    private TarNumbers.Time time(Map<String, String> pax) {
        String text = pax.getOrDefault("mtime", "");
        if (text.isEmpty()) {
            Long seconds = TarNumbers.field(block, 136, 12);
            if (seconds == null) {
                throw badNumber("mtime");
            }
            return new TarNumbers.Time(seconds, 0);
        }
        TarNumbers.Time time = TarNumbers.time(text);
        if (time == null) {
            throw badNumber("mtime");
        }
        return time;
    }

    private List<Xattr> xattrs(Map<String, String> pax) {
        List<Xattr> xattrs = new ArrayList<>();
        // Sorted, so that the order of records in the archive does not reach the image.
        new TreeMap<>(pax).forEach((key, value) -> {
            if (key.startsWith(XATTR_KEY) && !value.isEmpty()) {
                String attribute = key.substring(XATTR_KEY.length());
                if (attribute.length() > MAX_XATTR_NAME || value.length() >= MAX_XATTR_VALUE) {
                    throw errors.of(
                            name,
                            "the extended attribute \"" + LayerErrors.printable(attribute) + "\" has a name of "
                                    + attribute.length() + " and a value of " + value.length()
                                    + " bytes; at most 255 and 65535 are possible.");
                }
                if (attribute.indexOf('\0') >= 0) {
                    throw errors.of(name, "the name of an extended attribute contains a zero byte.");
                }
                xattrs.add(new Xattr(attribute, value));
            }
        });
        return List.copyOf(xattrs);
    }

    private void checkText(String what, String text) {
        if (text.length() > MAX_PATH) {
            throw errors.of(
                    name,
                    "its " + what + " is " + text.length() + " bytes long; at most " + MAX_PATH + " are possible.");
        }
        if (text.indexOf('\0') >= 0) {
            throw errors.of(name, "its " + what + " contains a zero byte.");
        }
    }

    private static String override(Map<String, String> pax, String key, String otherwise) {
        String value = pax.getOrDefault(key, "");
        return value.isEmpty() ? otherwise : value;
    }

    private long number(Map<String, String> pax, String key, int offset, int length, long max) {
        String text = pax.getOrDefault(key, "");
        if (text.isEmpty()) {
            return field(key, offset, length, max);
        }
        Long value = TarNumbers.decimal(text);
        if (value == null || value > max) {
            throw badNumber(key);
        }
        return value;
    }

    private long field(String what, int offset, int length, long max) {
        Long value = TarNumbers.field(block, offset, length);
        if (value == null || value < 0 || value > max) {
            throw badNumber(what);
        }
        return value;
    }

    private ImageException badNumber(String what) {
        return errors.of(name, "its " + what + " is not a number in range.");
    }

    private String path() {
        String path = text(0, 100);
        // GNU's magic is "ustar  "; it keeps other things where ustar has the prefix.
        boolean posix = block[257] == 'u'
                && block[258] == 's'
                && block[259] == 't'
                && block[260] == 'a'
                && block[261] == 'r'
                && block[262] == 0;
        String prefix = posix ? text(345, 155) : "";
        return prefix.isEmpty() ? path : prefix + "/" + path;
    }

    private String text(int offset, int length) {
        int end = offset;
        while (end < offset + length && block[end] != 0) {
            end++;
        }
        return new String(block, offset, end - offset, StandardCharsets.ISO_8859_1);
    }

    /** The sum of all bytes, the sum's own field taken as spaces; some old writers summed signed bytes. */
    private void checkSum() {
        Long expected = TarNumbers.field(block, 148, 8);
        long unsigned = 0;
        long signed = 0;
        for (int i = 0; i < TarReader.BLOCK; i++) {
            byte b = i >= 148 && i < 156 ? (byte) ' ' : block[i];
            unsigned += b & 0xff;
            signed += b;
        }
        if (expected == null || (expected != unsigned && expected != signed)) {
            throw errors.of(
                    name,
                    "its header has a wrong checksum (expected " + expected + ", found " + unsigned
                            + "). The layer is damaged or not a tar archive.");
        }
    }
}
