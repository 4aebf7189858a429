package dev.supermachine.oci;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Looks at what a pull has left on disk. */
final class StoreContent {

    private StoreContent() {}

    /** Complete blobs under their digests, what was computed of them, and beginnings of blobs of the image: nothing else. */
    static void assertNothingUnverified(Path store, TestImage image) {
        assertThat(store.resolve("tmp")).isEmptyDirectory();
        for (Path blob : files(store.resolve("blobs/sha256"))) {
            assertThat(Digest.of(read(blob)).hex()).isEqualTo(blob.getFileName().toString());
        }
        for (Path diffId : files(store.resolve("diff-ids/sha256"))) {
            assertThat(store.resolve("blobs/sha256").resolve(diffId.getFileName()))
                    .exists();
        }
        for (Path part : files(store.resolve("parts"))) {
            byte[] bytes = read(part);
            assertThat(bytes).isNotEmpty();
            assertThat(image.blobs.entrySet().stream()
                            .filter(blob -> part.getFileName()
                                    .toString()
                                    .equals(blob.getKey().hex() + ".part"))
                            .map(Map.Entry::getValue)
                            .map(whole -> Arrays.copyOf(whole, bytes.length)))
                    .as("the blob that %s is the beginning of", part)
                    .hasSize(1)
                    .allSatisfy(start -> assertThat(start).isEqualTo(bytes));
        }
    }

    /** The names of the unfinished files without their suffix. */
    static List<String> parts(Path store) {
        return files(store.resolve("parts")).stream()
                .map(path -> path.getFileName().toString().replace(".part", ""))
                .toList();
    }

    private static List<Path> files(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
