package dev.supermachine.vmm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;

/**
 * A disk that shows another and keeps what is written to itself, in blocks of 4 KiB in a sparse file that has no name once it is open. A write to part of a block
 * copies the rest of it. To forget everything, it forgets which blocks are its own; the file keeps the room it took.
 */
final class OverlayBlockStore implements BlockStore {

    static final int BLOCK = 4096;

    private final BlockStore base;
    private final Path path;
    private final FileChannel channel;
    private final int mostBlocks;
    private final ByteBuffer block = ByteBuffer.allocateDirect(BLOCK);
    private BitSet own = new BitSet();
    private int ownBlocks;

    private OverlayBlockStore(BlockStore base, Path path, FileChannel channel, long mostBytes) {
        this.base = base;
        this.path = path;
        this.channel = channel;
        mostBlocks = (int) Math.min(mostBytes / BLOCK, Integer.MAX_VALUE);
    }

    /**
     * An overlay with nothing in it.
     *
     * @param base what is below, of at most 8 TiB; closed together with this
     * @param directory where the file is made
     * @param mostBytes how much may be written over; writes beyond that fail
     * @throws IOException if the file cannot be made
     */
    static OverlayBlockStore over(BlockStore base, Path directory, long mostBytes) throws IOException {
        if (base.size() / BLOCK >= Integer.MAX_VALUE) {
            throw new IOException("A disk of " + base.size() + " bytes is too large to be written over");
        }
        Path path = Files.createTempFile(directory, "overlay", null);
        try {
            return Closing.orClose(
                    FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE), channel -> {
                        Files.delete(path);
                        return new OverlayBlockStore(base, path, channel, mostBytes);
                    });
        } finally {
            Files.deleteIfExists(path);
        }
    }

    @Override
    public long size() {
        return base.size();
    }

    @Override
    public void read(long position, ByteBuffer target) throws IOException {
        long at = position;
        int end = target.limit();
        while (target.position() < end) {
            int index = (int) (at / BLOCK);
            boolean mine = own.get(index);
            int next = mine ? own.nextClearBit(index) : own.nextSetBit(index);
            long same = next < 0 ? Long.MAX_VALUE : (long) next * BLOCK - at;
            int length = (int) Math.min(end - target.position(), same);
            target.limit(target.position() + length);
            if (mine) {
                Channels.readFully(channel, path, at, target);
            } else {
                base.read(at, target);
            }
            at += length;
        }
    }

    @Override
    public void write(long position, ByteBuffer source) throws IOException {
        long at = position;
        int end = source.limit();
        while (source.position() < end) {
            int inside = (int) (at % BLOCK);
            int left = end - source.position();
            int length = inside == 0 && left >= BLOCK ? left - left % BLOCK : Math.min(left, BLOCK - inside);
            source.limit(source.position() + length);
            if (length < BLOCK) {
                writePart(at, source);
            } else {
                writeBlocks(at, source);
            }
            at += length;
        }
    }

    private void writeBlocks(long at, ByteBuffer source) throws IOException {
        int from = (int) (at / BLOCK);
        int to = from + source.remaining() / BLOCK;
        int more = to - from - own.get(from, to).cardinality();
        requireRoom(more);
        Channels.writeFully(channel, at, source);
        own.set(from, to);
        ownBlocks += more;
    }

    /** The last block of a disk may be short; what is behind it in the file means nothing. */
    private void writePart(long at, ByteBuffer source) throws IOException {
        int index = (int) (at / BLOCK);
        if (own.get(index)) {
            Channels.writeFully(channel, at, source);
            return;
        }
        requireRoom(1);
        long begin = (long) index * BLOCK;
        base.read(begin, block.clear().limit((int) Math.min(BLOCK, size() - begin)));
        block.position((int) (at - begin)).put(source).rewind();
        Channels.writeFully(channel, begin, block);
        own.set(index);
        ownBlocks++;
    }

    private void requireRoom(int blocks) throws IOException {
        if (blocks > mostBlocks - ownBlocks) {
            throw new IOException(
                    "More was written to a disk than the " + (long) mostBlocks * BLOCK + " bytes that may be");
        }
    }

    @Override
    public void flush() {}

    @Override
    public void discard() {
        own = new BitSet();
        ownBlocks = 0;
    }

    @Override
    public void close() throws IOException {
        try (base) {
            channel.close();
        }
    }
}
