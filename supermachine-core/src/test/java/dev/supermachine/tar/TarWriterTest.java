package dev.supermachine.tar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.tar.TarWriter.Meta;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is written comes back, from our reader and from another one. */
class TarWriterTest {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final TarWriter writer = new TarWriter(bytes);

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void whatIsWrittenComesBack(long seed) throws IOException {
        Random random = new Random(seed);
        List<Meta> metas = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            Meta meta = new Meta(
                    i + "é".repeat(random.nextInt(80)),
                    random.nextInt(010000),
                    Integer.toUnsignedLong(random.nextInt() >>> random.nextInt(32)),
                    Integer.toUnsignedLong(random.nextInt() >>> random.nextInt(32)),
                    Instant.ofEpochSecond(
                            random.nextInt() * (random.nextBoolean() ? 1L : 100L),
                            random.nextBoolean() ? 0 : random.nextInt(1_000_000_000)));
            metas.add(meta);
            switch (i % 3) {
                case 0 -> writer.directory(meta);
                case 1 -> writer.symbolicLink(meta, "t".repeat(1 + i % 200));
                default -> writer.file(meta, i * 7L, new ByteArrayInputStream(content(i)));
            }
        }
        writer.end();

        TarReader reader = new TarReader(
                new ByteArrayInputStream(bytes.toByteArray()), new TestErrors("The archive"), Long.MAX_VALUE);
        try (TarArchiveInputStream other = new TarArchiveInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            for (int i = 0; i < metas.size(); i++) {
                TarEntry ours = Objects.requireNonNull(reader.next());
                TarArchiveEntry theirs = other.getNextEntry();
                check(ours, metas.get(i), i);
                compare(ours, theirs);
                byte[] content = new byte[300 * 7];
                if (i % 3 == 2) {
                    int count = 0;
                    while (count < i * 7) {
                        count += reader.read(content, count, content.length - count);
                    }
                    assertThat(content).startsWith(content(i));
                    assertThat(other.readAllBytes()).isEqualTo(content(i));
                }
                assertThat(reader.read(content, 0, 1)).isEqualTo(-1);
            }
            assertThat(reader.next()).isNull();
            assertThat(other.getNextEntry()).isNull();
        }
    }

    private static void check(TarEntry entry, Meta meta, int i) {
        assertThat(entry.nameText()).isEqualTo(meta.name() + (i % 3 == 0 ? "/" : ""));
        assertThat(entry.type())
                .isEqualTo(List.of(EntryType.DIRECTORY, EntryType.SYMLINK, EntryType.FILE)
                        .get(i % 3));
        assertThat(entry.linkNameText()).isEqualTo(i % 3 == 1 ? "t".repeat(1 + i % 200) : "");
        assertThat(entry.mode()).isEqualTo(meta.mode());
        assertThat(Integer.toUnsignedLong(entry.uid())).isEqualTo(meta.uid());
        assertThat(Integer.toUnsignedLong(entry.gid())).isEqualTo(meta.gid());
        assertThat(entry.modified()).isEqualTo(meta.modified());
    }

    private static void compare(TarEntry ours, TarArchiveEntry theirs) {
        assertThat(theirs.getName()).isEqualTo(ours.nameText());
        assertThat(theirs.getLinkName()).isEqualTo(ours.linkNameText());
        assertThat(theirs.getMode() & 07777).isEqualTo(ours.mode());
        assertThat(theirs.getLongUserId()).isEqualTo(Integer.toUnsignedLong(ours.uid()));
        assertThat(theirs.getLongGroupId()).isEqualTo(Integer.toUnsignedLong(ours.gid()));
        assertThat(theirs.getLastModifiedTime().toInstant()).isEqualTo(ours.modified());
    }

    private static byte[] content(int i) {
        byte[] content = new byte[i * 7];
        new Random(i).nextBytes(content);
        return content;
    }

    @Test
    void aSizeBeyondTheFieldStandsInARecord() throws IOException {
        long size = 1L << 33;
        InputStream endless = new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("enough");
            }

            @Override
            public int read(byte[] buffer, int offset, int length) throws IOException {
                throw new IOException("enough");
            }
        };

        assertThatThrownBy(() -> writer.file(new Meta("big", 0644, 0, 0, Instant.EPOCH), size, endless))
                .isInstanceOf(IOException.class)
                .hasMessage("enough");

        TarEntry entry = new TarReader(
                        new ByteArrayInputStream(bytes.toByteArray()), new TestErrors("The archive"), Long.MAX_VALUE)
                .next();
        assertThat(entry).isNotNull().extracting(TarEntry::size).isEqualTo(size);
    }

    @Test
    void saysWhichFileBecameShorter() {
        Meta meta = new Meta("log", 0644, 0, 0, Instant.EPOCH);
        assertThatThrownBy(() -> writer.file(meta, 10, new ByteArrayInputStream(new byte[4])))
                .isInstanceOf(IOException.class)
                .hasMessage(
                        "The file log became 6 bytes shorter than 10 while it was copied. Copy files that nobody writes");
    }
}
