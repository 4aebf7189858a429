package dev.supermachine.rootfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Memory goes with the number of entries, not with the size of the image. */
@Tag("slow")
class RootfsHeapTest {

    private static final long MEBIBYTES = Long.getLong("supermachine.test.rootfs.mib", 256);
    private static final int FILES = 40_000;

    @TempDir
    Path scratch;

    @Test
    void buildsLargeImagesInSixtyFourMebibytesOfHeap() throws IOException {
        Path target = build(64, "synthetic:" + MEBIBYTES + ":" + FILES, "synthetic:1:500");

        List<String> result =
                List.of(Files.readString(Path.of(target + ".result")).split(" ", -1));
        assertThat(Long.parseLong(result.get(0)))
                .isEqualTo(Files.size(target))
                .isGreaterThanOrEqualTo((MEBIBYTES << 20) - FILES);
        // Root, directories of a thousand, files; the second layer's files replace some of the first's.
        assertThat(result.get(2)).isEqualTo(Integer.toString(1 + FILES / 1000 + FILES));
    }

    @Test
    void aMillionEntriesAreRefusedOrBuiltButNeverExhaustTheHeap() throws IOException {
        assertThat(refusal("entries:1000000:FILES"))
                .matches("Layer sha256:FILES-1000000, entry \"directory-\\d+/file-\\d+\": with it, entry \\d+ of the"
                        + " layers, the list of the image's files takes \\d+ KiB of memory, but the limit is 4\\d{4} KiB,"
                        + " half of this JVM's heap\\. .*");
        assertThat(inodes("entries:1000000:SAME")).isEqualTo("2");
        assertThat(inodes("entries:150000:FILES")).isEqualTo("150151");
    }

    @Test
    void largePaxHeadersNeverExhaustTheHeap() throws IOException {
        assertThat(refusal("entries:5000:ATTRIBUTES"))
                .matches(
                        "Layer sha256:ATTRIBUTES-5000, entry \"file-\\d+\": with it, entry \\d+ of the layers, the list of the"
                                + " image's files takes \\d+ KiB of memory, but the limit is 4\\d{4} KiB, half of .*");
        assertThat(inodes("entries:200:RECORDS")).isEqualTo("201");
    }

    private String refusal(String layer) throws IOException {
        Path target = build(96, layer);
        assertThat(target).doesNotExist();
        return Files.readString(Path.of(target + ".refused"));
    }

    private String inodes(String layer) throws IOException {
        return Files.readString(Path.of(build(96, layer) + ".result")).split(" ", -1)[2];
    }

    private Path build(int heapMib, String... layers) {
        Path target = scratch.resolve("large-" + String.join("-", layers) + ".erofs");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heapMib + "m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                BuildInSmallHeap.class.getName(),
                target.toString()));
        command.addAll(List.of(layers));
        Tools.check(scratch, command.toArray(String[]::new));
        return target;
    }
}
