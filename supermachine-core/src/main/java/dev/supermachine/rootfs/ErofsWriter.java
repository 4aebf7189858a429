package dev.supermachine.rootfs;

import dev.supermachine.SupermachineException;
import dev.supermachine.tar.EntryType;
import dev.supermachine.tar.TarEntry;
import dev.supermachine.tar.TarReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Writes the laid out tree into a file: metadata first, then the contents as the layers are read a second time. */
final class ErofsWriter {

    private static final int COPY_BUFFER = 1 << 18;

    private final FileChannel channel;
    private final ErofsLayout layout;
    private final ByteBuffer copyBuffer = ByteBuffer.allocate(COPY_BUFFER);
    private int nextFile;

    ErofsWriter(FileChannel channel, ErofsLayout layout) {
        this.channel = channel;
        this.layout = layout;
    }

    void writeMetadata(byte[] uuid) throws IOException {
        MetadataWriter writer = new MetadataWriter(channel);
        List<Inode> inodes = layout.inodes();
        writer.write(
                Erofs.SUPER_OFFSET,
                Erofs.superBlock(inodes.get(0).inodeOffset, inodes.size(), layout.size() / Erofs.BLOCK, uuid));
        int directory = 0;
        for (Inode inode : inodes) {
            boolean inline = ErofsLayout.inline(inode);
            writer.write(inode.inodeOffset, Erofs.inode(inode, inline));
            writer.write(inode.inodeOffset + Erofs.INODE_SIZE, inode.xattrs);
            if (inode.isDirectory()) {
                ErofsLayout.Directory with = layout.directories().get(directory++);
                if (inline) {
                    writer.write(inode.contentOffset, content(with));
                }
            } else if (inode.type == EntryType.SYMLINK && inline) {
                writer.write(inode.contentOffset, inode.target.getBytes(StandardCharsets.ISO_8859_1));
            }
        }
        directory = 0;
        for (Inode inode : inodes) {
            boolean block = !ErofsLayout.inline(inode);
            if (inode.isDirectory()) {
                ErofsLayout.Directory with = layout.directories().get(directory++);
                if (block) {
                    writer.write(inode.contentOffset, content(with));
                }
            } else if (inode.type == EntryType.SYMLINK && block) {
                writer.write(inode.contentOffset, inode.target.getBytes(StandardCharsets.ISO_8859_1));
            }
        }
        writer.flush();
        // The last block is whole even where the last file is not.
        if (channel.size() < layout.size()) {
            MetadataWriter.writeFully(channel, ByteBuffer.allocate(1), layout.size() - 1);
        }
    }

    private static byte[] content(ErofsLayout.Directory directory) {
        return new ErofsDirectory(directory.self(), directory.parent()).content(Math.toIntExact(directory.self().size));
    }

    /** Copies the contents that come from one layer; call it for each layer in order, its reader at the start. */
    void copyContents(int layer, TarReader reader, LayerErrors errors) throws IOException {
        List<Inode> files = layout.files();
        int number = 0;
        while (nextFile < files.size() && files.get(nextFile).layer == layer) {
            Inode file = files.get(nextFile);
            TarEntry entry = reader.next();
            if (entry == null) {
                throw changed(errors);
            }
            if (number++ == file.entry) {
                if (entry.type() != EntryType.FILE || entry.size() != file.size) {
                    throw changed(errors);
                }
                copy(reader, file);
                nextFile++;
            }
        }
    }

    private static SupermachineException changed(LayerErrors errors) {
        return errors.of(
                "its content changed between two readings. Something wrote to the blob; pull the image again.");
    }

    private void copy(TarReader reader, Inode file) throws IOException {
        long at = file.contentOffset;
        long left = file.size;
        while (left > 0) {
            copyBuffer.clear();
            while (copyBuffer.hasRemaining() && left > 0) {
                int count = reader.read(copyBuffer.array(), copyBuffer.position(), copyBuffer.remaining());
                copyBuffer.position(copyBuffer.position() + count);
                left -= count;
            }
            copyBuffer.flip();
            int length = copyBuffer.remaining();
            MetadataWriter.writeFully(channel, copyBuffer, at);
            at += length;
        }
    }

    /** Fills in the checksum of the super block; all else in the first block must be written. */
    void seal() throws IOException {
        ByteBuffer first = ByteBuffer.allocate(Erofs.BLOCK);
        while (first.hasRemaining()) {
            if (channel.read(first, first.position()) < 0) {
                throw new IOException("The file became shorter while it was written");
            }
        }
        ByteBuffer sum = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
        sum.putInt(0, Erofs.checksum(first.array()));
        MetadataWriter.writeFully(channel, sum, Erofs.SUPER_OFFSET + 4);
    }
}
