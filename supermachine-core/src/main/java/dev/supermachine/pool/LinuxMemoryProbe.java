package dev.supermachine.pool;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Measures with {@code /proc/meminfo} and the memory control groups, version 2 and 1, that this process is in: the smallest room of them all counts. What a
 * group uses for file pages that were not touched lately counts as free, as it does in {@code MemAvailable}.
 */
final class LinuxMemoryProbe implements MemoryProbe {

    private final Path root;

    /** A probe of this machine. */
    LinuxMemoryProbe() {
        this(Path.of("/"));
    }

    /** A probe of a tree that looks like {@code /proc} and {@code /sys} below a root. */
    LinuxMemoryProbe(Path root) {
        this.root = root;
    }

    @Override
    public MemoryReading read() throws IOException {
        List<String> meminfo = Files.readAllLines(root.resolve("proc/meminfo"));
        long total = kibibytes(meminfo, "MemTotal:") << 10;
        long available = kibibytes(meminfo, "MemAvailable:") << 10;
        String origin = "free memory";
        for (Group group : groups()) {
            OptionalLong limit = number(group.file(group.limitFile));
            OptionalLong usage = number(group.file(group.usageFile));
            // Version 1 says "no limit" with a number close to the largest there is.
            if (limit.isPresent() && usage.isPresent() && limit.getAsLong() < total) {
                long used = Math.max(0, usage.getAsLong() - inactiveFile(group));
                long room = Math.max(0, limit.getAsLong() - used);
                if (room < available) {
                    origin = "the limit of control group " + group.directory;
                }
                available = Math.min(available, room);
                total = Math.min(total, limit.getAsLong());
            }
        }
        return new MemoryReading(available >> 20, total >> 20, origin);
    }

    private record Group(Path directory, String limitFile, String usageFile, String inactiveKey) {

        Path file(String name) {
            return directory.resolve(name);
        }
    }

    /** This process's groups and all above them; where a container shows only its own part of the tree, the root of that. */
    private List<Group> groups() throws IOException {
        List<Group> groups = new ArrayList<>();
        Path self = root.resolve("proc/self/cgroup");
        if (!Files.isReadable(self)) {
            return groups;
        }
        for (String line : Files.readAllLines(self)) {
            String[] parts = line.split(":", 3);
            if (parts.length == 3 && parts[1].isEmpty()) {
                for (String mount : List.of("sys/fs/cgroup", "sys/fs/cgroup/unified")) {
                    for (Path directory : upwards(root.resolve(mount), parts[2])) {
                        groups.add(new Group(directory, "memory.max", "memory.current", "inactive_file"));
                    }
                }
            } else if (parts.length == 3 && List.of(parts[1].split(",")).contains("memory")) {
                for (Path directory : upwards(root.resolve("sys/fs/cgroup/memory"), parts[2])) {
                    groups.add(new Group(
                            directory, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"));
                }
            }
        }
        return groups;
    }

    private static List<Path> upwards(Path mount, String group) {
        List<Path> directories = new ArrayList<>();
        Path directory =
                mount.resolve(group.substring(group.startsWith("/") ? 1 : 0)).normalize();
        while (directory != null && directory.startsWith(mount)) {
            directories.add(directory);
            directory = directory.getParent();
        }
        return directories;
    }

    private static long inactiveFile(Group group) throws IOException {
        Path stat = group.file("memory.stat");
        if (!Files.isReadable(stat)) {
            return 0;
        }
        for (String line : Files.readAllLines(stat)) {
            if (line.startsWith(group.inactiveKey + " ")) {
                return Long.parseLong(
                        line.substring(group.inactiveKey.length() + 1).strip());
            }
        }
        return 0;
    }

    private static OptionalLong number(Path file) throws IOException {
        if (!Files.isReadable(file)) {
            return OptionalLong.empty();
        }
        String text = Files.readString(file).strip();
        return text.equals("max") ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(text));
    }

    private static long kibibytes(List<String> meminfo, String key) throws IOException {
        for (String line : meminfo) {
            if (line.startsWith(key)) {
                return Long.parseLong(
                        line.substring(key.length()).replace("kB", "").strip());
            }
        }
        throw new IOException("/proc/meminfo has no line " + key);
    }
}
