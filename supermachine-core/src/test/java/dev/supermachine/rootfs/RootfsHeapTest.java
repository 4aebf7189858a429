package dev.supermachine.rootfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
        Path target = scratch.resolve("large.erofs");

        Tools.check(
                scratch,
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-cp",
                System.getProperty("java.class.path"),
                BuildInSmallHeap.class.getName(),
                target.toString(),
                "synthetic:" + MEBIBYTES + ":" + FILES,
                "synthetic:1:500");

        List<String> result =
                List.of(Files.readString(Path.of(target + ".result")).split(" ", -1));
        assertThat(Long.parseLong(result.get(0)))
                .isEqualTo(Files.size(target))
                .isGreaterThanOrEqualTo((MEBIBYTES << 20) - FILES);
        // Root, directories of a thousand, files; the second layer's files replace some of the first's.
        assertThat(result.get(2)).isEqualTo(Integer.toString(1 + FILES / 1000 + FILES));
    }
}
