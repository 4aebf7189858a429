package dev.supermachine.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.linux.SparseFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContentHashTest {

    @TempDir
    Path directory;

    @Test
    void smallFilesHaveThePlainHash() throws IOException {
        Path file = Files.writeString(directory.resolve("small"), "abc");
        assertThat(ContentHash.of(file))
                .isEqualTo("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    @Test
    void largeFilesAreHashedAsDocumentedWhateverTheirHolesAre() throws IOException, NoSuchAlgorithmException {
        Random random = new Random(20261101);
        for (int round = 0; round < 40; round++) {
            byte[] content = new byte[(1 << 20) + 1 + random.nextInt(3 << 20)];
            Path sparse = directory.resolve("sparse" + round);
            try (FileChannel channel =
                    FileChannel.open(sparse, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                for (int piece = random.nextInt(6); piece > 0; piece--) {
                    byte[] bytes = new byte[1 + random.nextInt(20_000)];
                    random.nextBytes(bytes);
                    int at = random.nextInt(content.length - bytes.length);
                    System.arraycopy(bytes, 0, content, at, bytes.length);
                    channel.write(ByteBuffer.wrap(bytes), at);
                }
                channel.write(ByteBuffer.wrap(new byte[1]), content.length - 1);
                content[content.length - 1] = 0;
            }
            Path full = Files.write(directory.resolve("full" + round), content);

            String expected = reference(content);
            assertThat(ContentHash.of(sparse)).isEqualTo(expected);
            assertThat(ContentHash.of(full)).isEqualTo(expected);
            content[random.nextInt(content.length)] ^= 1;
            assertThat(ContentHash.of(Files.write(full, content))).isNotEqualTo(expected);
            Files.delete(sparse);
            Files.delete(full);
        }
    }

    @Test
    void holesAreNotRead() throws IOException {
        Path file = directory.resolve("holes");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {1}), 1L << 40);
        }
        assertThat(SparseFile.data(file)).hasSize(1);
        assertThat(ContentHash.of(file)).startsWith("sparse-sha256:");
    }

    /** The definition of docs/snapshot-format.md, word by word. */
    private static String reference(byte[] content) throws NoSuchAlgorithmException {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        digest.update(ByteBuffer.allocate(8).putLong(content.length).array());
        for (int offset = 0; offset < content.length; offset += 4096) {
            byte[] block = Arrays.copyOfRange(content, offset, Math.min(offset + 4096, content.length));
            if (!Arrays.equals(block, new byte[block.length])) {
                digest.update(ByteBuffer.allocate(8).putLong(offset).array());
                digest.update(block);
            }
        }
        return "sparse-sha256:" + HexFormat.of().formatHex(digest.digest());
    }
}
