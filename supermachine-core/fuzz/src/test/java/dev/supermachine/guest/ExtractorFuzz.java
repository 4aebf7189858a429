package dev.supermachine.guest;

import dev.supermachine.MachineException;
import dev.supermachine.fuzz.Oracle;
import dev.supermachine.fuzz.Scratch;
import dev.supermachine.tar.TarRepair;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Any bytes as a tar that comes out of a guest: unpacked below its directory or refused, with nothing beside it touched, read through or linked. */
public final class ExtractorFuzz {

    private static final Path TOP = Scratch.directory("fuzz-extractor");
    private static final long MAX_BYTES = 1 << 20;

    private ExtractorFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        try {
            extract(TarRepair.checksums(input));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void extract(byte[] tar) throws IOException {
        Scratch.clear(TOP);
        Files.createDirectories(TOP.resolve("outside/etc"));
        Files.writeString(TOP.resolve("outside/etc/passwd"), "root");
        Path target = Files.createDirectories(TOP.resolve("a/target"));
        List<String> before = beside();
        try {
            long made = new ConfinedExtractor(target, "The tar").extract(new ByteArrayInputStream(tar), MAX_BYTES);
            Oracle.require(made >= 0, "entries made: " + made);
        } catch (MachineException e) {
            Oracle.requireGoodMessage(e);
        } catch (IOException e) {
            // What this host's file system cannot do, such as names of more than 255 bytes.
            Oracle.require(e.getMessage() != null, "a failure without a message");
        }
        Oracle.requireEqual(before, beside(), "what lies beside the directory");
        try (Stream<Path> all = Files.walk(target)) {
            all.filter(path -> Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS))
                    .forEach(ExtractorFuzz::requireOwnFile);
        }
    }

    private static void requireOwnFile(Path file) {
        try {
            Oracle.require(
                    !Files.isSameFile(file, TOP.resolve("outside/etc/passwd")), file + " is a name of a foreign file");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> beside() {
        return Scratch.listing(TOP).stream()
                .filter(line -> !line.startsWith("a/target/"))
                .toList();
    }
}
