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
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import java.util.zip.Checksum;
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
    void everyKindOfChangeIsFoundWhereverItIs() throws IOException {
        long seed = Long.getLong("supermachine.test.seed", 20261125);
        Random random = new Random(seed);
        byte[] content = new byte[5 * ChunkChecksums.CHUNK + 4711];
        random.nextBytes(content);
        Path file = Files.write(directory.resolve("content"), content);
        String expected = ContentHash.of(file);
        assertThat(ContentHash.of(file)).isEqualTo(expected);
        int[] edges = {0, ChunkChecksums.CHUNK - 1, ChunkChecksums.CHUNK, content.length - 4711, content.length - 1};
        for (int round = 0; round < 60; round++) {
            int at = round < edges.length ? edges[round] : random.nextInt(content.length);
            byte[] changed = content.clone();
            changed[at] ^= (byte) (1 << random.nextInt(8));
            assertThat(ContentHash.of(Files.write(file, changed)))
                    .as("a bit of byte %d, seed %d", at, seed)
                    .isNotEqualTo(expected);
        }
        byte[] swapped = content.clone();
        System.arraycopy(content, 0, swapped, ChunkChecksums.CHUNK, ChunkChecksums.CHUNK);
        System.arraycopy(content, ChunkChecksums.CHUNK, swapped, 0, ChunkChecksums.CHUNK);
        assertThat(ContentHash.of(Files.write(file, swapped)))
                .as("two chunks that changed places")
                .isNotEqualTo(expected);
        assertThat(ContentHash.of(Files.write(file, Arrays.copyOf(content, content.length - 1))))
                .as("a byte less")
                .isNotEqualTo(expected);
        assertThat(ContentHash.of(Files.write(file, Arrays.copyOf(content, content.length + 1))))
                .as("a zero more")
                .isNotEqualTo(expected);
    }

    @Test
    void holesAreNotRead() throws IOException {
        Path file = directory.resolve("holes");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {1}), 1L << 36);
        }
        assertThat(SparseFile.data(file)).hasSize(1);
        assertThat(ContentHash.of(file)).startsWith("chunk-crc:");
    }

    /** The definition of docs/snapshot-format.md, word by word. */
    private static String reference(byte[] content) throws NoSuchAlgorithmException {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        digest.update(ByteBuffer.allocate(8).putLong(content.length).array());
        for (int offset = 0; offset < content.length; offset += 262_144) {
            int length = Math.min(262_144, content.length - offset);
            for (Checksum checksum : new Checksum[] {new CRC32(), new CRC32C()}) {
                checksum.update(content, offset, length);
                digest.update(
                        ByteBuffer.allocate(4).putInt((int) checksum.getValue()).array());
            }
        }
        return "chunk-crc:" + HexFormat.of().formatHex(digest.digest());
    }
}
