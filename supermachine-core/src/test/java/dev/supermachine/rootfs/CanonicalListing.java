package dev.supermachine.rootfs;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** The canonical listing of directories and of image files, both made by the one program that also runs in guests. */
public final class CanonicalListing {

    /** Where the time of last modification stands in a line. */
    private static final int MTIME = 7;

    private final Path scratch;
    private final String program;

    public CanonicalListing(Path scratch) {
        this.scratch = scratch;
        program = scratch.resolve("listing").toString();
        Path source = Path.of("src/test/guest/listing.c");
        Tools.check(
                scratch,
                "musl-gcc",
                "-static",
                "-O2",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-o",
                program,
                Files.exists(source) ? source.toString() : "supermachine-core/" + source);
    }

    /** The static program itself, to be copied into a guest. */
    public Path program() {
        return Path.of(program);
    }

    public List<String> ofDirectory(Path directory) {
        return Tools.check(scratch, program, directory.toString()).lines().toList();
    }

    /** Mounts the image read-only, so that it is the kernel that reads it. */
    public List<String> ofImage(Path image) {
        Path mountPoint = scratch.resolve("mounted");
        if (!Files.exists(mountPoint)) {
            Tools.check(scratch, "mkdir", mountPoint.toString());
        }
        Tools.check(scratch, "mount", "-t", "erofs", "-o", "ro,loop", image.toString(), mountPoint.toString());
        try {
            return ofDirectory(mountPoint);
        } finally {
            Tools.check(scratch, "umount", mountPoint.toString());
        }
    }

    /**
     * The lines with the times taken out that came to be during the test: unpacking leaves the present in directories that no layer says anything about.
     *
     * @param from seconds since the epoch
     */
    public static List<String> withoutTimesFrom(long from, List<String> reference, List<String> lines) {
        List<String> result = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            boolean present = i < reference.size() && seconds(reference.get(i)) >= from;
            String[] fields = lines.get(i).split(" ", -1);
            if (present && fields[1].equals("d")) {
                fields[MTIME] = "?";
            }
            result.add(String.join(" ", fields));
        }
        return result;
    }

    /** The lines that only one of two listings has, sorted, so that the two sides of a difference stand together. */
    public static List<String> difference(List<String> expected, List<String> actual) {
        Set<String> have = new HashSet<>(actual);
        Set<String> want = new HashSet<>(expected);
        return Stream.concat(
                        expected.stream().filter(line -> !have.contains(line)).map(line -> line + " (expected)"),
                        actual.stream().filter(line -> !want.contains(line)).map(line -> line + " (found)"))
                .sorted()
                .toList();
    }

    private static long seconds(String line) {
        String time = line.split(" ", -1)[MTIME];
        return Long.parseLong(time.substring(0, time.indexOf('.')));
    }
}
