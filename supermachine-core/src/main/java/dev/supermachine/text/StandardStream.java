package dev.supermachine.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a standard stream of this process leads to.
 *
 * @since 0.1
 */
public final class StandardStream {

    private StandardStream() {}

    /**
     * Whether a person looks at it. Not by {@link System#console()}: since Java 22 that is there without a terminal as well.
     *
     * @param descriptor 0 for the input, 1 for the output, 2 for the error
     * @return true if it is a terminal
     */
    public static boolean isTerminal(int descriptor) {
        try {
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor))
                    .toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
        } catch (IOException e) {
            return false;
        }
    }
}
