package dev.supermachine.linux;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.FileStore;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Words why a directory that things are kept in could not be written to or read: what failed, how its file system is, and which setting moves it elsewhere.
 * Stateless, thread-safe.
 */
public final class StoreTrouble {

    /** With less than this the file system counts as full; the blocks of a file that did not fit are free again by the time it is looked at. */
    private static final long NEARLY_FULL = 64L << 20;

    private static final long MIB = 1L << 20;

    private static final String MAKE_ROOM = "Make room there, or choose another directory with the setting ";

    private StoreTrouble() {}

    /**
     * Three sentences for the end of a message, behind "could not be written: ".
     *
     * @param failure what went wrong
     * @param directory the store's directory; it need not exist
     * @param setting the setting that names the directory
     * @return the reason, the state of the file system and what to do, each ending with a full stop
     */
    public static String describe(IOException failure, Path directory, String setting) {
        if (failure instanceof ClosedByInterruptException || failure instanceof InterruptedIOException) {
            return reason(failure) + ". The thread was interrupted; nothing is wrong with the directory.";
        }
        return reason(failure) + ". " + state(directory) + advice(failure, directory) + setting + ".";
    }

    /**
     * Two sentences about a directory whose file system is full or nearly so, for failures that do not say it themselves: a process that writes to a mapped
     * file gets no error but SIGBUS.
     *
     * @param directory the store's directory; it need not exist
     * @param setting the setting that names the directory
     * @return the state of the file system and what to do, each ending with a full stop; empty while there is room, or if that is unknown
     */
    public static String fullness(Path directory, String setting) {
        FileStore store = store(directory);
        try {
            // A file system that counts no blocks says nothing.
            if (store == null || store.getTotalSpace() == 0 || store.getUsableSpace() >= NEARLY_FULL) {
                return "";
            }
        } catch (IOException e) {
            return "";
        }
        return state(directory) + MAKE_ROOM + setting + ".";
    }

    /**
     * What an exception says, also where its message is only a path or nothing, as with many of java.nio.
     *
     * @param failure what went wrong
     * @return one clause without a full stop
     */
    public static String reason(IOException failure) {
        String message = failure.getMessage();
        boolean bare = failure instanceof FileSystemException detailed && detailed.getReason() == null;
        if (message != null && !bare) {
            return message.endsWith(".") ? message.substring(0, message.length() - 1) : message;
        }
        return failure.getClass().getSimpleName() + (message == null ? "" : " for " + message);
    }

    private static String state(Path directory) {
        FileStore store = store(directory);
        if (store == null) {
            return "";
        }
        try {
            String subject = "The file system of " + directory + " (" + store.type() + ") ";
            return store.isReadOnly()
                    ? subject + "is read-only. "
                    : subject + "has " + store.getUsableSpace() / MIB + " of " + store.getTotalSpace() / MIB
                            + " MiB free. ";
        } catch (IOException e) {
            return "";
        }
    }

    private static String advice(IOException failure, Path directory) {
        FileStore store = store(directory);
        try {
            if (store != null && store.isReadOnly()) {
                return "Make it writable, or choose another directory with the setting ";
            }
            if (reason(failure).contains("No space left")
                    || reason(failure).contains("quota")
                    || (store != null && store.getUsableSpace() < NEARLY_FULL)) {
                return MAKE_ROOM;
            }
        } catch (IOException e) {
            // Whatever cannot be asked about its space may well be what the last sentence is about.
            return "Choose another directory with the setting ";
        }
        return "Check that the directory belongs to this user and is on a local file system, or choose another one with the"
                + " setting ";
    }

    /** The file system of the directory, or of the nearest one above it that exists. */
    private static @Nullable FileStore store(Path directory) {
        for (Path at = directory.toAbsolutePath(); at != null; at = at.getParent()) {
            try {
                return Files.getFileStore(at);
            } catch (IOException e) {
                // It does not exist, or may not be looked at: the one above says as much.
            }
        }
        return null;
    }
}
