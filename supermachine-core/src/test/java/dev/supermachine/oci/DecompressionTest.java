package dev.supermachine.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.ZipException;
import org.junit.jupiter.api.Test;

class DecompressionTest {

    /** With all that is optional, up to its checksum. */
    private static final byte[] HEADER = {
        0x1f, (byte) 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 0, 3, 0, 'e', 'x', 't', 'n', 0, 'c', 0
    };

    /** Hands out little at a time and never says that there is more, like a network. */
    private static final class Trickle extends FilterInputStream {
        private final int most;

        Trickle(byte[] bytes, int most) {
            super(new ByteArrayInputStream(bytes));
            this.most = most;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            return super.read(target, offset, Math.min(length, most));
        }

        @Override
        public int available() {
            return 0;
        }
    }

    @Test
    void readsAllMembersWhateverTheCutOfTheReads() throws IOException {
        for (int i = 0; i < 200; i++) {
            Random random = Seeds.random(i);
            byte[] all = new byte[0];
            byte[] compressed = new byte[0];
            for (int members = 1 + random.nextInt(5); members > 0; members--) {
                byte[] part = new byte[random.nextInt(3_000)];
                random.nextBytes(part);
                Arrays.fill(part, 0, part.length / 2, (byte) 7);
                all = TestImage.join(all, part);
                compressed = TestImage.join(compressed, TestImage.gzip(part, 0, part.length));
            }
            compressed = TestImage.join(compressed, new byte[random.nextInt(20)]);
            assertThat(read(new Trickle(compressed, 1 + random.nextInt(700))))
                    .as("seed %d", i)
                    .isEqualTo(all);
        }
    }

    @Test
    void readsHeadersWithEveryOption() throws IOException {
        CRC32 crc = new CRC32();
        crc.update(HEADER);
        byte[] bytes = behindHeader((byte) crc.getValue(), (byte) (crc.getValue() >> 8));
        assertThat(read(new ByteArrayInputStream(bytes))).containsExactly(1, 2, 3);
    }

    @Test
    void checksTheChecksumOfAHeaderThatHasOne() throws IOException {
        byte[] bytes = behindHeader((byte) 0, (byte) 0);
        assertThatThrownBy(() -> read(new ByteArrayInputStream(bytes)))
                .isInstanceOf(ZipException.class)
                .hasMessage("The gzip member's header is damaged: its checksum is wrong");
    }

    private static byte[] behindHeader(byte... checksum) throws IOException {
        byte[] plain = TestImage.gzip(new byte[] {1, 2, 3}, 0, 3);
        return TestImage.join(TestImage.join(HEADER, checksum), Arrays.copyOfRange(plain, 10, plain.length));
    }

    @Test
    void readsZstdFramesAndSkipsTheSkippable() throws IOException {
        byte[] skippable = {0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9};
        byte[] first = Zstd.compress(new byte[] {1, 2});
        byte[] second = Zstd.compress(new byte[] {3});
        assertThat(read(new ByteArrayInputStream(TestImage.join(skippable, TestImage.join(first, second)))))
                .containsExactly(1, 2, 3);
    }

    @Test
    void readsZstdFramesWithLongWindows() throws IOException {
        byte[] data = new byte[200_000];
        Seeds.random(1).nextBytes(data);
        for (int windowLog : new int[] {20, 24, 27}) {
            assertThat(read(new Trickle(zstd(data, windowLog), 999))).isEqualTo(data);
        }
    }

    /** A frame that says nothing of its size, so that the window counts. */
    static byte[] zstd(byte[] data, int windowLog) throws IOException {
        ByteArrayOutputStream result = new ByteArrayOutputStream();
        try (ZstdOutputStream out = new ZstdOutputStream(result)) {
            out.setLong(windowLog);
            out.write(data);
        }
        return result.toByteArray();
    }

    @Test
    void leavesEverythingElseAlone() throws IOException {
        assertThat(read(new ByteArrayInputStream(new byte[0]))).isEmpty();
        assertThat(read(new ByteArrayInputStream(new byte[] {0x1f}))).containsExactly(0x1f);
        byte[] tar = TestImage.tar("a", "b");
        assertThat(read(new ByteArrayInputStream(tar))).isEqualTo(tar);
    }

    @Test
    void damageAndCutsAreErrors() {
        byte[] data = new byte[5_000];
        Seeds.random(0).nextBytes(data);
        byte[] gzip = TestImage.gzip(data, 0, data.length);
        byte[] zstd = Zstd.compress(data);
        for (int i = 0; i < 500; i++) {
            Random random = Seeds.random(i);
            for (byte[] good : new byte[][] {gzip, zstd}) {
                byte[] cut = Arrays.copyOf(good, 5 + random.nextInt(good.length - 5));
                assertThatThrownBy(() -> read(new ByteArrayInputStream(cut)))
                        .as("seed %d", i)
                        .isInstanceOf(IOException.class);
            }
            byte[] damaged = gzip.clone();
            damaged[12 + random.nextInt(damaged.length - 12)] ^= (byte) (1 << random.nextInt(8));
            assertThatThrownBy(() -> read(new ByteArrayInputStream(damaged)))
                    .as("seed %d", i)
                    .isInstanceOf(IOException.class);
        }
        assertThatThrownBy(() -> read(new ByteArrayInputStream(TestImage.join(gzip, new byte[] {1, 2, 3}))))
                .hasMessage("Expected a gzip member, but found other bytes");
    }

    private static byte[] read(InputStream source) throws IOException {
        try (InputStream in = Decompression.open(source)) {
            return in.readAllBytes();
        }
    }
}
