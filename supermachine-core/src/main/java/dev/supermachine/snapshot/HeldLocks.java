package dev.supermachine.snapshot;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * Which files somebody holds with flock, read from the kernel's list: to try for the lock would keep others from it for that moment. Files are known by inode
 * alone, because layered file systems have another device there than stat(2) tells.
 */
final class HeldLocks {

    private static final Path LIST = Path.of("/proc/locks");

    private final Set<String> inodes;

    private HeldLocks(Set<String> inodes) {
        this.inodes = inodes;
    }

    /** Those that are held now; none where the kernel does not tell. */
    static HeldLocks now() {
        try {
            return of(Files.readString(LIST, StandardCharsets.US_ASCII));
        } catch (IOException e) {
            return new HeldLocks(Set.of());
        }
    }

    /** Lines such as {@code 1: FLOCK  ADVISORY  READ 918 fe:00:2155267 0 EOF}; those of who waits have an arrow behind the number (proc_locks(5)). */
    static HeldLocks of(String list) {
        Set<String> inodes = new HashSet<>();
        list.lines().map(line -> line.strip().split("\\s+")).forEach(words -> {
            if (words.length >= 6 && words[1].equals("FLOCK")) {
                inodes.add(words[5].substring(words[5].lastIndexOf(':') + 1));
            }
        });
        return new HeldLocks(inodes);
    }

    /** Whether somebody holds a file; false if it is not there. */
    boolean has(Path file) {
        try {
            return inodes.contains(String.valueOf(Files.getAttribute(file, "unix:ino")));
        } catch (IOException e) {
            return false;
        }
    }
}
