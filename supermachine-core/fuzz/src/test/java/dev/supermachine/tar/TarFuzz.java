package dev.supermachine.tar;

import dev.supermachine.SupermachineException;
import dev.supermachine.fuzz.Oracle;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Any bytes as a tar archive: entries or a refusal in the archive's own words, and what {@link TarWriter} makes of an entry reads the same. */
public final class TarFuzz {

    private static final long MAX_BYTES = 1 << 30;

    /** All that one entry may keep in memory at once: names, and attributes from extended headers of which none is longer than this. */
    private static final int MAX_HELD = 2 * TarReader.MAX_PATH + 2 * TarReader.MAX_EXTENSION;

    private static final class Refused extends SupermachineException {
        private static final long serialVersionUID = 1L;

        Refused(String message, @Nullable IOException cause) {
            super(message, cause);
        }
    }

    private static final class Errors extends TarErrors {
        Errors() {
            super("Archive", "archive", "make it again.");
        }

        @Override
        protected SupermachineException exception(String message, @Nullable IOException cause) {
            return new Refused(message, cause);
        }
    }

    private TarFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        read(input);
        read(TarRepair.checksums(input));
    }

    private static void read(byte[] archive) {
        try (TarReader reader = TarReader.withUnknown(new ByteArrayInputStream(archive), new Errors(), MAX_BYTES)) {
            long last = -1;
            for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
                Oracle.require(reader.position() > last, "the reader does not move");
                last = reader.position();
                check(entry);
                content(reader, entry);
            }
            Oracle.require(reader.next() == null, "an entry behind the end");
        } catch (Refused e) {
            Oracle.requireGoodMessage(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void content(TarReader reader, TarEntry entry) {
        // Of every other entry the content is left to be skipped.
        if (entry.name().length() % 2 == 0) {
            byte[] buffer = new byte[700];
            long count = 0;
            for (int got = reader.read(buffer, 0, buffer.length);
                    got >= 0;
                    got = reader.read(buffer, 0, buffer.length)) {
                count += got;
            }
            Oracle.requireEqual(entry.size(), count, "bytes of content");
        }
    }

    private static void check(TarEntry entry) {
        long held = (long) entry.name().length() + entry.linkName().length();
        for (Xattr xattr : entry.xattrs()) {
            held += (long) xattr.name().length() + xattr.value().length();
        }
        Oracle.require(held <= MAX_HELD, "an entry holds " + held + " bytes");
        Oracle.require(
                entry.name().length() <= TarReader.MAX_PATH,
                "a name of " + entry.name().length());
        Oracle.require(entry.size() >= 0 && entry.mode() >= 0 && entry.mode() <= 07777, "out of range: " + entry);
        Oracle.require(entry.mtimeNanos() >= 0 && entry.mtimeNanos() < 1_000_000_000, "nanoseconds: " + entry);
        Instant modified = entry.modified();
        if (isText(entry.name()) && isText(entry.linkName()) && entry.size() < 1 << 20) {
            roundTrip(entry, modified);
        }
    }

    private static boolean isText(String bytes) {
        byte[] raw = bytes.getBytes(StandardCharsets.ISO_8859_1);
        return bytes.length() < 2000
                && new String(raw, StandardCharsets.UTF_8).getBytes(StandardCharsets.UTF_8).length == raw.length
                && !new String(raw, StandardCharsets.UTF_8).contains("\uFFFD");
    }

    private static void roundTrip(TarEntry entry, Instant modified) {
        ByteArrayOutputStream archive = new ByteArrayOutputStream();
        TarWriter writer = new TarWriter(archive);
        TarWriter.Meta meta = new TarWriter.Meta(
                entry.nameText(),
                entry.mode(),
                Integer.toUnsignedLong(entry.uid()),
                Integer.toUnsignedLong(entry.gid()),
                modified);
        try {
            switch (entry.type()) {
                case FILE -> writer.file(meta, entry.size(), new ByteArrayInputStream(new byte[(int) entry.size()]));
                case SYMLINK -> writer.symbolicLink(meta, entry.linkNameText());
                case DIRECTORY -> writer.directory(meta);
                default -> {
                    return;
                }
            }
            writer.end();
            try (TarReader reader =
                    new TarReader(new ByteArrayInputStream(archive.toByteArray()), new Errors(), MAX_BYTES)) {
                TarEntry again = reader.next();
                Oracle.requireEqual(withoutXattrs(entry), again, "written and read again");
                Oracle.require(reader.next() == null, "one entry was written, two are read");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static TarEntry withoutXattrs(TarEntry entry) {
        return new TarEntry(
                entry.type() == EntryType.DIRECTORY ? entry.name() + "/" : entry.name(),
                entry.type(),
                entry.linkName(),
                entry.mode(),
                entry.uid(),
                entry.gid(),
                entry.size(),
                entry.mtimeSeconds(),
                entry.mtimeNanos(),
                0,
                0,
                List.of());
    }
}
