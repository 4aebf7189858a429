package dev.supermachine.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SparseFileTest {

    @TempDir
    Path directory;

    @Test
    void findsTheDataBetweenHolesAndCountsOnlyThat() throws IOException {
        Path file = directory.resolve("sparse");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {1}), 64 << 20);
            channel.write(ByteBuffer.wrap(new byte[] {1}), 128 << 20);
        }
        List<SparseFile.Extent> data = SparseFile.data(file);
        assertThat(data).anyMatch(extent -> covers(extent, 64 << 20)).anyMatch(extent -> covers(extent, 128 << 20));
        assertThat(data).allMatch(extent -> extent.length() > 0);
        assertThat(data.stream().mapToLong(SparseFile.Extent::length).sum()).isLessThan(1 << 20);
        assertThat(SparseFile.allocatedBytes(file)).isPositive().isLessThan(1 << 20);
    }

    private static boolean covers(SparseFile.Extent extent, long position) {
        return extent.offset() <= position && position < extent.offset() + extent.length();
    }

    @Test
    void anEmptyFileHasNoDataAndAFullOneIsOneExtent() throws IOException {
        assertThat(SparseFile.data(Files.createFile(directory.resolve("empty"))))
                .isEmpty();
        Path full = Files.write(directory.resolve("full"), new byte[10_000]);
        assertThat(SparseFile.data(full)).containsExactly(new SparseFile.Extent(0, 10_000));
    }

    @Test
    void aMissingFileIsNamed() {
        Path missing = directory.resolve("missing");
        assertThatThrownBy(() -> SparseFile.data(missing))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("Cannot open " + missing + ": ");
        assertThatThrownBy(() -> SparseFile.allocatedBytes(missing))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("Cannot ask for the disk usage of " + missing + ": ");
    }

    @Test
    void copiesKeepTheirHoles(@TempDir Path scratch) throws IOException {
        Path file = scratch.resolve("sparse");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
            channel.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 5 << 20);
            channel.write(ByteBuffer.allocate(1), (16 << 20) - 1);
        }
        Path copy = scratch.resolve("copy");
        SparseFile.copy(file, copy);

        assertThat(Files.mismatch(file, copy)).isEqualTo(-1);
        assertThat(SparseFile.allocatedBytes(copy)).isLessThanOrEqualTo(SparseFile.allocatedBytes(file) + 65536);
        SparseFile.linkOrCopy(file, scratch.resolve("link"));
        assertThat(Files.isSameFile(file, scratch.resolve("link"))).isTrue();
    }
}
