package dev.supermachine.rootfs;

import dev.supermachine.ImageException;
import dev.supermachine.tar.EntryType;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds the directory an entry goes to. Names are first cleaned without looking at the tree ({@code ..} cannot climb above the root), then symbolic links
 * among the directories are followed, absolute ones from the root of the image. What does not exist yet is taken as it is written.
 */
final class PathResolver {

    private static final int MAX_LINKS = 255;
    private static final int MAX_STEPS = 8192;

    /** Directories below each other; deeper ones have paths longer than Linux can open. */
    static final int MAX_DEPTH = 2048;

    private final Dentry root;
    private final boolean confined;

    /**
     * @param confined whether a link that leads above the root is refused; a guest would not let it lead anywhere but to the root
     */
    PathResolver(Dentry root, boolean confined) {
        this.root = root;
        this.confined = confined;
    }

    /** The components of a name, {@code .}, {@code ..} and empty ones resolved by text alone. Empty for the root. */
    static List<String> clean(String name) {
        List<String> parts = new ArrayList<>();
        for (int from = 0; from <= name.length(); ) {
            int slash = name.indexOf('/', from);
            int end = slash < 0 ? name.length() : slash;
            push(parts, name.substring(from, end));
            from = end + 1;
        }
        return parts;
    }

    private static void push(List<String> parts, String part) {
        if (part.equals("..")) {
            if (!parts.isEmpty()) {
                parts.remove(parts.size() - 1);
            }
        } else if (!part.isEmpty() && !part.equals(".")) {
            parts.add(part);
        }
    }

    /**
     * The same place without symbolic links.
     *
     * @param name the cleaned path of the directory
     * @throws ImageException if links go round in circles or too deep
     */
    List<String> resolve(List<String> name, String entry, LayerErrors errors) {
        Deque<String> pending = new ArrayDeque<>(name);
        List<String> resolved = new ArrayList<>(name.size());
        // What stands at the first parts of the path, as far as they exist: each step looks at one directory only.
        List<Dentry> existing = new ArrayList<>(name.size());
        int links = 0;
        int steps = 0;
        while (!pending.isEmpty()) {
            if (++steps > MAX_STEPS) {
                throw errors.of(
                        entry,
                        "its directory has more than " + MAX_STEPS + " parts once symbolic links are" + " followed.");
            }
            String part = pending.removeFirst();
            if (confined && resolved.isEmpty() && part.equals("..")) {
                throw errors.of(
                        entry,
                        "a symbolic link of the image on its path leads out of the image's root. Choose a path without"
                                + " that link.");
            }
            push(resolved, part);
            if (resolved.size() > MAX_DEPTH) {
                throw errors.of(entry, "lies more than " + MAX_DEPTH + " directories deep.");
            }
            Dentry found = follow(existing, resolved);
            if (found == null || found.inode.type != EntryType.SYMLINK) {
                continue;
            }
            if (++links > MAX_LINKS) {
                throw errors.of(
                        entry,
                        "more than " + MAX_LINKS + " symbolic links stand in its path; they probably go"
                                + " round in a circle.");
            }
            resolved.remove(resolved.size() - 1);
            String target = found.inode.target;
            if (target.startsWith("/")) {
                resolved.clear();
            }
            shorten(existing, resolved.size());
            List<String> parts = List.of(target.split("/", -1));
            for (int i = parts.size() - 1; i >= 0; i--) {
                pending.addFirst(parts.get(i));
            }
        }
        return resolved;
    }

    /** Brings {@code existing} up to date after one step, and returns what stands at the whole path, or null. */
    private @Nullable Dentry follow(List<Dentry> existing, List<String> resolved) {
        shorten(existing, resolved.size());
        if (resolved.isEmpty()) {
            return null;
        }
        if (existing.size() == resolved.size() - 1) {
            Dentry parent = existing.isEmpty() ? root : existing.get(existing.size() - 1);
            Dentry child =
                    parent.inode.isDirectory() ? parent.inode.entries().get(resolved.get(resolved.size() - 1)) : null;
            if (child != null) {
                existing.add(child);
            }
        }
        return existing.size() == resolved.size() ? existing.get(existing.size() - 1) : null;
    }

    private static void shorten(List<Dentry> list, int size) {
        while (list.size() > size) {
            list.remove(list.size() - 1);
        }
    }

    /** What stands at a path without symbolic links, or null. */
    @Nullable
    Dentry find(List<String> path) {
        Dentry at = root;
        for (String part : path) {
            if (!at.inode.isDirectory()) {
                return null;
            }
            Dentry child = at.inode.entries().get(part);
            if (child == null) {
                return null;
            }
            at = child;
        }
        return at;
    }
}
