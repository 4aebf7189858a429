package dev.supermachine.tar;

import dev.supermachine.SupermachineException;
import dev.supermachine.text.ForeignText;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Words what is wrong with one archive. The format's findings are here; which archive it is, which exception that makes and what to do about it is said by
 * who reads the archive. Safe for use by several threads if {@link #exception} is.
 *
 * @since 0.1
 */
public abstract class TarErrors {

    private static final int SHOWN = 200;
    private static final int REASON_SHOWN = 500; // there may be a path in it

    private final String subject;
    private final String kind;
    private final String ifCutShort;

    /**
     * Errors of one archive.
     *
     * @param subject which archive it is, at the beginning of each message
     * @param kind what it is, behind "the", such as "layer"
     * @param ifCutShort what to do when it ends too early, a sentence's end
     */
    protected TarErrors(String subject, String kind, String ifCutShort) {
        this.subject = subject;
        this.kind = kind;
        this.ifCutShort = ifCutShort;
    }

    /**
     * The exception that tells whoever wanted the archive read.
     *
     * @param message complete
     * @param cause if reading failed, otherwise null
     * @return to be thrown
     */
    protected abstract SupermachineException exception(String message, @Nullable IOException cause);

    /**
     * Something is wrong with an entry.
     *
     * @param entry its name, a byte string
     * @param problem a sentence
     * @return to be thrown
     */
    public SupermachineException of(String entry, String problem) {
        return exception(subject + ", entry \"" + printable(entry) + "\": " + problem, null);
    }

    /**
     * Something is wrong with the archive.
     *
     * @param problem a sentence
     * @return to be thrown
     */
    public final SupermachineException of(String problem) {
        return exception(subject + ": " + problem, null);
    }

    /**
     * Reading failed.
     *
     * @param cause how
     * @return to be thrown
     */
    public SupermachineException unreadable(IOException cause) {
        String reason = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
        return exception(subject + ": cannot be read: " + ForeignText.line(reason, REASON_SHOWN), cause);
    }

    /**
     * The archive ends too early.
     *
     * @param position how many bytes it has
     * @return to be thrown
     */
    protected SupermachineException truncated(long position) {
        return of("the archive ends after byte " + position + " in the middle of an entry. It was cut short; "
                + ifCutShort);
    }

    /**
     * An entry goes beyond the limit.
     *
     * @param entry its name, a byte string; empty if it is none but an extension
     * @param size bytes of content that it says it has
     * @param position of the content in the archive
     * @param maxBytes how long the archive may be
     * @return to be thrown
     */
    protected SupermachineException tooLarge(String entry, long size, long position, long maxBytes) {
        return of(
                entry,
                "with its " + size + " bytes the " + kind + " goes beyond the limit of " + maxBytes
                        + " bytes. Raise the limit if so much is meant to come.");
    }

    /**
     * A block is no header.
     *
     * @param entry what stands where the name would be, a byte string
     * @param position of the block in the archive
     * @param expected the sum in its field; null if that is no number
     * @param found the sum of its bytes
     * @return to be thrown
     */
    protected SupermachineException wrongChecksum(String entry, long position, @Nullable Long expected, long found) {
        return of(
                entry,
                "its header has a wrong checksum (expected " + expected + ", found " + found + "). The " + kind
                        + " is damaged or not a tar archive.");
    }

    final SupermachineException sparse(String entry) {
        return of(
                entry,
                "is a sparse file, which is not supported. Build the " + kind
                        + " without sparse files (GNU tar: without --sparse).");
    }

    /**
     * A byte string for messages.
     *
     * @param bytes from an archive
     * @return bytes outside printable ASCII as {@code \xHH}, long strings cut
     */
    public static String printable(String bytes) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < Math.min(bytes.length(), SHOWN); i++) {
            char c = bytes.charAt(i);
            if (c < ' ' || c > '~' || c == '\\' || c == '"') {
                text.append(String.format("\\x%02x", (int) c));
            } else {
                text.append(c);
            }
        }
        return bytes.length() > SHOWN ? text + "…" : text.toString();
    }
}
