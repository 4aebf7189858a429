package dev.supermachine.rootfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Archives damaged by chance are read, merged and laid out, or refused with an {@link dev.supermachine.ImageException}: nothing else, in time, and in a
 * heap that any length believed without a check would burst.
 */
class TarReaderFuzzTest {

    private static final int ROUNDS = Integer.getInteger("supermachine.test.fuzz", 20_000);
    private static final long FIRST_SEED = Long.getLong("supermachine.test.seed", 1);

    @TempDir
    Path scratch;

    @Test
    void damagedArchivesAreReadOrRefused() throws IOException {
        Path result = scratch.resolve("refused");

        Tools.check(
                scratch,
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx24m",
                "-cp",
                System.getProperty("java.class.path"),
                TarFuzzLoop.class.getName(),
                result.toString(),
                Long.toString(FIRST_SEED),
                Integer.toString(ROUNDS));

        // Both outcomes happen, or the damage is too great or too small to find anything.
        assertThat(Long.parseLong(Files.readString(result))).isBetween(ROUNDS / 10L, ROUNDS * 9L / 10);
    }
}
