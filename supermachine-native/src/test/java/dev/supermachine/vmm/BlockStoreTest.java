package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files that disks are kept in, and the overlay over one. */
class BlockStoreTest {

    private static final int BLOCK = OverlayBlockStore.BLOCK;
    private static final int SIZE = 10 * BLOCK + 1536;

    @TempDir
    Path directory;

    private Path file;
    private Path overlays;
    private final byte[] content = new byte[SIZE];

    @BeforeEach
    void writeFile() throws IOException {
        new Random(2).nextBytes(content);
        file = Files.write(directory.resolve("disk"), content);
        overlays = Files.createDirectory(directory.resolve("overlays"));
    }

    private static byte[] read(BlockStore store, long position, int length) throws IOException {
        ByteBuffer target = ByteBuffer.allocateDirect(length);
        store.read(position, target);
        assertThat(target.hasRemaining()).isFalse();
        byte[] bytes = new byte[length];
        target.get(0, bytes);
        return bytes;
    }

    private OverlayBlockStore overlay(long most) throws IOException {
        return OverlayBlockStore.over(FileBlockStore.open(file), overlays, most);
    }

    @Test
    void readsAFile() throws IOException {
        try (FileBlockStore store = FileBlockStore.open(file)) {
            assertThat(store.size()).isEqualTo(SIZE);
            assertThat(read(store, 1000, 5000)).isEqualTo(Arrays.copyOfRange(content, 1000, 6000));
            assertThat(read(store, SIZE, 0)).isEmpty();
            store.flush();
            store.discard();
        }
    }

    @Test
    void doesNotWriteToAFile() throws IOException {
        try (FileBlockStore store = FileBlockStore.open(file)) {
            assertThatThrownBy(() -> store.write(0, ByteBuffer.allocate(1)))
                    .isInstanceOf(IOException.class)
                    .hasMessage("The disk " + file + " can only be read");
        }
    }

    @Test
    void refusesAFileThatIsNotThere() {
        assertThatThrownBy(() -> FileBlockStore.open(directory.resolve("none")))
                .isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void tellsOfAFileThatShrinks() throws IOException {
        try (FileBlockStore store = FileBlockStore.open(file);
                FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(1000);
            assertThatThrownBy(() -> read(store, 512, 1024))
                    .isInstanceOf(EOFException.class)
                    .hasMessage(file + " ends at 1000, before 1536");
        }
    }

    @Test
    void tellsOfAFileThatIsClosed() throws IOException {
        FileBlockStore store = FileBlockStore.open(file);
        store.close();
        assertThatThrownBy(() -> read(store, 0, 1)).isInstanceOf(ClosedChannelException.class);
    }

    @Test
    void anOverlayIsWhatEveryWriteMakesOfTheFile() throws IOException {
        long seed = Long.getLong("supermachine.test.seed", System.nanoTime());
        Random random = new Random(seed);
        byte[] expected = content.clone();
        try (OverlayBlockStore store = overlay(1 << 20)) {
            assertThat(store.size()).isEqualTo(SIZE);
            for (int i = 0; i < 2000; i++) {
                int from = random.nextInt(SIZE);
                int length = random.nextInt(Math.min(SIZE - from, 3 * BLOCK) + 1);
                if (random.nextInt(4) == 0) {
                    from = from / BLOCK * BLOCK;
                }
                if (random.nextBoolean()) {
                    byte[] bytes = new byte[length];
                    random.nextBytes(bytes);
                    System.arraycopy(bytes, 0, expected, from, length);
                    ByteBuffer source = ByteBuffer.wrap(bytes);
                    store.write(from, source);
                    assertThat(source.hasRemaining()).isFalse();
                } else if (random.nextInt(100) == 0) {
                    store.discard();
                    System.arraycopy(content, 0, expected, 0, SIZE);
                } else {
                    assertThat(read(store, from, length))
                            .as("%d bytes at %d, seed %d", length, from, seed)
                            .isEqualTo(Arrays.copyOfRange(expected, from, from + length));
                }
            }
            store.flush();
            assertThat(read(store, 0, SIZE)).isEqualTo(expected);
        }
        assertThat(Files.readAllBytes(file)).as("what is below").isEqualTo(content);
    }

    @Test
    void anOverlayLeavesNoFile() throws IOException {
        OverlayBlockStore store = overlay(1 << 20);
        store.write(0, ByteBuffer.allocate(BLOCK));
        try (Stream<Path> files = Files.list(overlays)) {
            assertThat(files).isEmpty();
        }
        store.close();
        assertThatThrownBy(() -> read(store, 0, 1)).isInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> read(store, BLOCK, 1)).as("what is below").isInstanceOf(ClosedChannelException.class);
    }

    @Test
    void anOverlayHasALimit() throws IOException {
        try (OverlayBlockStore store = overlay(2 * BLOCK + 100)) {
            store.write(0, ByteBuffer.allocate(BLOCK));
            store.write(5 * BLOCK + 1, ByteBuffer.allocate(1));
            store.write(10, ByteBuffer.allocate(100));
            store.write(5 * BLOCK, ByteBuffer.allocate(BLOCK));
            String full = "More was written to a disk than the 8192 bytes that may be";
            assertThatThrownBy(() -> store.write(4 * BLOCK, ByteBuffer.allocate(2 * BLOCK)))
                    .isInstanceOf(IOException.class)
                    .hasMessage(full);
            assertThatThrownBy(() -> store.write(7 * BLOCK + 5, ByteBuffer.allocate(1)))
                    .isInstanceOf(IOException.class)
                    .hasMessage(full);
            assertThat(read(store, 4 * BLOCK, BLOCK)).isEqualTo(Arrays.copyOfRange(content, 4 * BLOCK, 5 * BLOCK));
            store.discard();
            store.write(4 * BLOCK, ByteBuffer.allocate(2 * BLOCK));
            assertThat(read(store, 4 * BLOCK, BLOCK)).isEqualTo(new byte[BLOCK]);
        }
    }

    @Test
    void anOverlayOfAnOverlay() throws IOException {
        OverlayBlockStore lower = overlay(1 << 20);
        lower.write(0, ByteBuffer.wrap(new byte[] {1, 2, 3}));
        try (OverlayBlockStore upper = OverlayBlockStore.over(lower, overlays, 1 << 20)) {
            upper.write(1, ByteBuffer.wrap(new byte[] {9}));
            assertThat(read(upper, 0, 4)).containsExactly(1, 9, 3, content[3]);
            upper.discard();
            assertThat(read(upper, 0, 4)).containsExactly(1, 2, 3, content[3]);
        }
    }

    @Test
    void anOverlayOfSomethingTooLargeIsRefused() throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
                FileBlockStore small = FileBlockStore.open(file)) {
            BlockStore huge = new BlockStore() {
                @Override
                public long size() {
                    return 1L << 44;
                }

                @Override
                public void read(long position, ByteBuffer target) throws IOException {
                    small.read(position, target);
                }

                @Override
                public void write(long position, ByteBuffer source) throws IOException {
                    channel.write(source, position);
                }

                @Override
                public void flush() {}

                @Override
                public void discard() {}

                @Override
                public void close() {}
            };
            assertThatThrownBy(() -> OverlayBlockStore.over(huge, overlays, 1))
                    .isInstanceOf(IOException.class)
                    .hasMessage("A disk of 17592186044416 bytes is too large to be written over");
        }
    }
}
