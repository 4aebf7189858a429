package dev.supermachine.tar;

import dev.supermachine.SupermachineException;
import java.time.Instant;
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

    static final String XATTR_KEY = "SCHILY.xattr.";
    static final String SPARSE_KEY = "GNU.sparse.";

    private static final long MAX_SIZE = 1L << 60;
    private static final long MAX_ID = 0xffff_ffffL;
    private static final int MAX_MAJOR = (1 << 12) - 1;
    private static final int MAX_MINOR = (1 << 20) - 1;
    private static final int MAX_XATTR_NAME = 255;
    private static final int MAX_XATTR_VALUE = 65536;

    private final byte[] block;
    private final TarErrors errors;
    private final char typeFlag;
    private final long size;
    private String name;

    /**
     * @param position of the block in the archive
     */
    TarHeader(byte[] block, long position, TarErrors errors) {
        this.block = block;
        this.errors = errors;
        name = path();
        checkSum(position);
        typeFlag = (char) (block[Ustar.TYPE] & 0xff);
        size = field("size", Ustar.SIZE, MAX_SIZE);
    }

    char typeFlag() {
        return typeFlag;
    }

    /** The size field, before extensions. */
    long size() {
        return size;
    }

    /**
     * The entry this header and what stood before it describe; pax records win over GNU long names, those over the header.
     *
     * @param passUnknown whether what is of no known type is an entry of type {@link EntryType#OTHER} instead of an error
     */
    TarEntry entry(@Nullable String longName, @Nullable String longLink, Map<String, String> pax, boolean passUnknown) {
        name = override(pax, "path", longName != null ? longName : name);
        String linkName = override(pax, "linkpath", longLink != null ? longLink : text(Ustar.LINK));
        boolean sparse = typeFlag == 'S' || pax.keySet().stream().anyMatch(key -> key.startsWith(SPARSE_KEY));
        if (sparse && !passUnknown) {
            throw errors.sparse(name);
        }
        EntryType type = sparse ? EntryType.OTHER : type();
        if (type == EntryType.OTHER && !passUnknown) {
            throw errors.of(
                    name,
                    String.format(
                            "has the type 0x%02x; files, directories, links, devices and fifos are known.",
                            (int) typeFlag));
        }
        checkText("name", name);
        checkText("link target", linkName);
        boolean link = type == EntryType.SYMLINK || type == EntryType.HARD_LINK;
        if (link && linkName.isEmpty()) {
            throw errors.of(name, "is a link, but says to nothing.");
        }
        boolean device = type == EntryType.CHARACTER_DEVICE || type == EntryType.BLOCK_DEVICE;
        boolean content = type == EntryType.FILE || type == EntryType.OTHER;
        TarNumbers.Time time = time(pax);
        return new TarEntry(
                name,
                type,
                link ? linkName : "",
                (int) field("mode", Ustar.MODE, Integer.MAX_VALUE) & 07777,
                (int) number(pax, "uid", Ustar.UID, MAX_ID),
                (int) number(pax, "gid", Ustar.GID, MAX_ID),
                content ? number(pax, "size", Ustar.SIZE, MAX_SIZE) : 0,
                time.seconds(),
                time.nanos(),
                device ? (int) field("device major number", Ustar.DEVICE_MAJOR, MAX_MAJOR) : 0,
                device ? (int) field("device minor number", Ustar.DEVICE_MINOR, MAX_MINOR) : 0,
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
            default -> EntryType.OTHER;
        };
    }

    private TarNumbers.Time time(Map<String, String> pax) {
        String text = pax.getOrDefault("mtime", "");
        if (text.isEmpty()) {
            Long seconds = TarNumbers.field(block, Ustar.MTIME);
            if (seconds == null || !inCalendar(seconds)) {
                throw badNumber("mtime");
            }
            return new TarNumbers.Time(seconds, 0);
        }
        TarNumbers.Time time = TarNumbers.time(text);
        if (time == null || !inCalendar(time.seconds())) {
            throw badNumber("mtime");
        }
        return time;
    }

    /** Beyond it are no dates: a thousand million years away. */
    private static boolean inCalendar(long seconds) {
        return seconds >= Instant.MIN.getEpochSecond() && seconds <= Instant.MAX.getEpochSecond();
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
                            "the extended attribute \"" + TarErrors.printable(attribute) + "\" has a name of "
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
        if (text.length() > TarReader.MAX_PATH) {
            throw errors.of(
                    name,
                    "its " + what + " is " + text.length() + " bytes long; at most " + TarReader.MAX_PATH
                            + " are possible.");
        }
        if (text.indexOf('\0') >= 0) {
            throw errors.of(name, "its " + what + " contains a zero byte.");
        }
    }

    private static String override(Map<String, String> pax, String key, String otherwise) {
        String value = pax.getOrDefault(key, "");
        return value.isEmpty() ? otherwise : value;
    }

    private long number(Map<String, String> pax, String key, Ustar.Field field, long max) {
        String text = pax.getOrDefault(key, "");
        if (text.isEmpty()) {
            return field(key, field, max);
        }
        Long value = TarNumbers.decimal(text);
        if (value == null || value > max) {
            throw badNumber(key);
        }
        return value;
    }

    private long field(String what, Ustar.Field field, long max) {
        Long value = TarNumbers.field(block, field);
        if (value == null || value < 0 || value > max) {
            throw badNumber(what);
        }
        return value;
    }

    private SupermachineException badNumber(String what) {
        return errors.of(name, "its " + what + " is not a number in range.");
    }

    private String path() {
        String path = text(Ustar.NAME);
        // GNU's magic is "ustar  "; it keeps other things where ustar has the prefix.
        boolean posix = text(Ustar.MAGIC).equals("ustar");
        String prefix = posix ? text(Ustar.PREFIX) : "";
        return prefix.isEmpty() ? path : prefix + "/" + path;
    }

    private String text(Ustar.Field field) {
        return Ustar.text(block, field.offset(), field.length());
    }

    /** Some old writers summed signed bytes. */
    private void checkSum(long position) {
        Long expected = TarNumbers.field(block, Ustar.CHECKSUM);
        long unsigned = Ustar.checksum(block, false);
        if (expected == null || (expected != unsigned && expected != Ustar.checksum(block, true))) {
            throw errors.wrongChecksum(name, position, expected, unsigned);
        }
    }
}
