package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.SupermachineException;
import dev.supermachine.tar.TarErrors;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Words what is wrong with the tar that an image is pulled from. */
final class ArchiveErrors extends TarErrors {

    private final String subject;

    ArchiveErrors(ImageSource source) {
        this("Cannot pull " + source + ": the archive cannot be read");
    }

    private ArchiveErrors(String subject) {
        super(subject, "archive", "write it again.");
        this.subject = subject;
    }

    @Override
    protected ImageException exception(String message, @Nullable IOException cause) {
        return new ImageException(message + " Check the path and how the image was written.", cause);
    }

    @Override
    public ImageException unreadable(IOException cause) {
        return exception(subject + ": " + Messages.reason(cause) + ".", cause);
    }

    @Override
    protected SupermachineException truncated(long position) {
        return of("it is cut off after byte " + position + ", in the middle of an entry.");
    }

    /** The file's length is the limit. */
    @Override
    protected SupermachineException tooLarge(String entry, long size, long position, long maxBytes) {
        return of("it is cut off: the entry at byte " + position + " has " + size + " bytes, the file only "
                + Math.max(0, maxBytes - position) + " more.");
    }

    @Override
    protected SupermachineException wrongChecksum(String entry, long position, @Nullable Long expected, long found) {
        return of(
                position == 0
                        ? "it is not a tar."
                        : "it is damaged: the header at byte " + position + " has a wrong checksum.");
    }
}
