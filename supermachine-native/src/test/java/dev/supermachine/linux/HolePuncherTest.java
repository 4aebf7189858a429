package dev.supermachine.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HolePuncherTest {

    private static final int BLOCK = 4096;

    @TempDir
    private Path directory;

    @Test
    void changesNoByteAndGivesBackTheZeros() throws IOException {
        Random random = new Random(3);
        for (int round = 0; round < 10; round++) {
            byte[] content = new byte[random.nextInt(300) * BLOCK + random.nextInt(BLOCK)];
            long zeros = 0;
            for (int at = 0; at < content.length; at += BLOCK) {
                int end = Math.min(content.length, at + BLOCK);
                if (random.nextBoolean()) {
                    // The last byte only: a block is not zero because it begins so.
                    content[end - 1] = 1;
                } else {
                    zeros += end - at;
                }
            }
            Path file = Files.write(directory.resolve("file"), content);
            assertThat(HolePuncher.punchZeros(file)).isEqualTo(zeros);
            assertThat(Arrays.equals(Files.readAllBytes(file), content)).isTrue();
        }
    }

    @Test
    void emptyFileStaysEmpty() throws IOException {
        Path file = Files.createFile(directory.resolve("empty"));
        assertThat(HolePuncher.punchZeros(file)).isZero();
        assertThat(file).isEmptyFile();
    }
}
