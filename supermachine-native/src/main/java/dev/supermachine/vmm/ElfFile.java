package dev.supermachine.vmm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a loader needs of an executable ELF file for x86-64 (System V ABI, chapters 4 and 5). Trusts nothing of it: all ranges it gives are in the file.
 *
 * @param path for messages
 * @param loads the segments to be loaded
 * @param notes the ranges with notes
 */
record ElfFile(Path path, List<Segment> loads, List<Segment> notes) {

    private static final int HEADER = 64;
    private static final int PROGRAM_HEADER = 56;

    /** 7F 'E' 'L' 'F', 64 bits, little-endian, version 1. */
    private static final long IDENTIFICATION = 0x00010102464C457FL;

    private static final long IDENTIFICATION_BITS = 0x00FFFFFFFFFFFFFFL;
    private static final int X86_64 = 62;

    private static final int LOAD = 1;
    private static final int NOTE = 4;

    /**
     * A part of the file.
     *
     * @param offset where it begins in the file
     * @param fileLength how many bytes of it are in the file
     * @param address the physical address it belongs to, not negative
     * @param memoryLength how many bytes it has in memory, of which what is not in the file is zero
     */
    record Segment(long offset, long fileLength, long address, long memoryLength) {

        /** The address after it, not negative. */
        long end() {
            return address + memoryLength;
        }
    }

    /** Reads the headers. */
    static ElfFile read(Path path, FileChannel channel) throws IOException {
        long size = channel.size();
        if (size < HEADER) {
            throw new KernelFormatException(path + " is no kernel: it has only " + size + " bytes");
        }
        ByteBuffer header = readFully(channel, 0, HEADER);
        if ((header.getLong(0) & IDENTIFICATION_BITS) != IDENTIFICATION || header.getShort(18) != X86_64) {
            throw new KernelFormatException(path + " is no kernel: expected an uncompressed ELF file for x86-64, but it"
                    + " begins with 0x" + Long.toHexString(header.getLong(0)));
        }
        long offset = header.getLong(32);
        int count = Short.toUnsignedInt(header.getShort(56));
        if (Short.toUnsignedInt(header.getShort(54)) != PROGRAM_HEADER
                || !isWithin(offset, (long) count * PROGRAM_HEADER, size)) {
            throw new KernelFormatException(path + " is cut or damaged: its program headers are not in it");
        }
        ByteBuffer headers = readFully(channel, offset, count * PROGRAM_HEADER);
        List<Segment> loads = new ArrayList<>();
        List<Segment> notes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int at = i * PROGRAM_HEADER;
            int type = headers.getInt(at);
            if (type == LOAD || type == NOTE) {
                Segment segment = new Segment(
                        headers.getLong(at + 8),
                        headers.getLong(at + 32),
                        headers.getLong(at + 24),
                        headers.getLong(at + 40));
                check(path, i, segment, size);
                (type == LOAD ? loads : notes).add(segment);
            }
        }
        return new ElfFile(path, List.copyOf(loads), List.copyOf(notes));
    }

    private static void check(Path path, int index, Segment segment, long size) {
        if (!isWithin(segment.offset, segment.fileLength, size)
                || segment.memoryLength < segment.fileLength
                || segment.address < 0
                || segment.end() < 0) {
            throw new KernelFormatException(path + " is cut or damaged: its segment " + index + ", of "
                    + Long.toUnsignedString(segment.fileLength) + " bytes at offset "
                    + Long.toUnsignedString(segment.offset) + ", does not fit into its " + size + " bytes");
        }
    }

    private static boolean isWithin(long offset, long length, long size) {
        return offset >= 0 && length >= 0 && offset <= size && length <= size - offset;
    }

    /**
     * Reads a range of the file.
     *
     * @throws KernelFormatException if the file ends before
     */
    static ByteBuffer readFully(FileChannel channel, long offset, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        readFully(channel, offset, bytes);
        return bytes.flip();
    }

    /**
     * Fills a buffer from the file.
     *
     * @throws KernelFormatException if the file ends before
     */
    static void readFully(FileChannel channel, long offset, ByteBuffer target) throws IOException {
        long at = offset;
        while (target.hasRemaining()) {
            int read = channel.read(target, at);
            if (read < 0) {
                throw new KernelFormatException("The file became shorter while it was read, at offset " + at);
            }
            at += read;
        }
    }
}
