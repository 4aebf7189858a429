package dev.supermachine.rootfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads small images back, written from the kernel's description of the format and sharing nothing with the writer. Checks on the way what readers rely
 * on.
 */
final class ErofsReader {

    private static final int BLOCK = 4096;

    record Node(
            long nid,
            int mode,
            long size,
            long uid,
            long gid,
            long mtime,
            long nanos,
            int links,
            int layout,
            int union,
            Map<String, String> xattrs,
            String content) {}

    private final ByteBuffer image;

    ErofsReader(Path file) throws IOException {
        image = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    }

    ByteBuffer superBlock() {
        return image.slice(1024, 128).order(ByteOrder.LITTLE_ENDIAN);
    }

    Node root() {
        return node(Short.toUnsignedLong(superBlock().getShort(14)));
    }

    Node at(String path) {
        Node node = root();
        for (String part : path.split("/", -1)) {
            if (!part.isEmpty()) {
                node = node(entries(node).getOrDefault(part, -1L));
            }
        }
        return node;
    }

    /** Names and inode numbers of a directory, {@code .} and {@code ..} among them. */
    Map<String, Long> entries(Node directory) {
        assertThat(directory.mode() & 0170000).isEqualTo(0040000);
        ByteBuffer content = ByteBuffer.wrap(directory.content().getBytes(StandardCharsets.ISO_8859_1))
                .order(ByteOrder.LITTLE_ENDIAN);
        Map<String, Long> entries = new TreeMap<>();
        List<String> order = new ArrayList<>();
        for (int start = 0; start < content.capacity(); start += BLOCK) {
            int length = Math.min(BLOCK, content.capacity() - start);
            int count = content.getShort(start + 8) / 12;
            for (int i = 0; i < count; i++) {
                int from = content.getShort(start + 12 * i + 8);
                int to = i + 1 < count ? content.getShort(start + 12 * i + 20) : length;
                String name = directory.content().substring(start + from, start + to);
                name = i + 1 < count ? name : name.split("\0", -1)[0];
                order.add(name);
                entries.put(name, content.getLong(start + 12 * i));
            }
        }
        assertThat(order).isSorted().contains(".", "..").doesNotHaveDuplicates();
        return entries;
    }

    Node node(long nid) {
        int at = Math.toIntExact(nid * 32);
        assertThat(at % 64).isZero();
        int format = image.getShort(at);
        assertThat(format & 1).as("extended").isEqualTo(1);
        int xattrCount = Short.toUnsignedInt(image.getShort(at + 2));
        int xattrSize = xattrCount == 0 ? 0 : 12 + 4 * (xattrCount - 1);
        int mode = Short.toUnsignedInt(image.getShort(at + 4));
        long size = image.getLong(at + 8);
        int layout = format >> 1;
        int union = image.getInt(at + 16);
        String content = "";
        int type = mode & 0170000;
        if (type == 0100000 || type == 0040000 || type == 0120000) {
            int from = layout == 2 ? at + 64 + xattrSize : union * BLOCK;
            if (layout == 2) {
                assertThat(at / BLOCK)
                        .as("inode and inline content share a block")
                        .isEqualTo((from + (int) size - 1) / BLOCK);
            }
            content = bytes(from, (int) size);
        }
        return new Node(
                nid,
                mode,
                size,
                Integer.toUnsignedLong(image.getInt(at + 24)),
                Integer.toUnsignedLong(image.getInt(at + 28)),
                image.getLong(at + 32),
                image.getInt(at + 40),
                image.getInt(at + 44),
                layout,
                union,
                xattrs(at + 64, xattrSize),
                content);
    }

    private Map<String, String> xattrs(int at, int size) {
        List<String> prefixes = List.of(
                "", "user.", "system.posix_acl_access", "system.posix_acl_default", "trusted.", "", "security.");
        Map<String, String> xattrs = new TreeMap<>();
        int cursor = at + 12;
        while (cursor < at + size) {
            int nameLength = image.get(cursor) & 0xff;
            int valueLength = Short.toUnsignedInt(image.getShort(cursor + 2));
            String name = prefixes.get(image.get(cursor + 1)) + bytes(cursor + 4, nameLength);
            xattrs.put(name, bytes(cursor + 4 + nameLength, valueLength));
            cursor += (4 + nameLength + valueLength + 3) & ~3;
        }
        return xattrs;
    }

    private String bytes(int at, int length) {
        return new String(Arrays.copyOfRange(image.array(), at, at + length), StandardCharsets.ISO_8859_1);
    }
}
