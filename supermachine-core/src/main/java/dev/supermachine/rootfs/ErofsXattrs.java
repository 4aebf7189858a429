package dev.supermachine.rootfs;

import dev.supermachine.tar.TarEntry;
import dev.supermachine.tar.Xattr;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Extended attributes as EROFS stores them behind an inode ({@code struct erofs_xattr_ibody_header} and {@code erofs_xattr_entry} in the kernel's
 * {@code fs/erofs/erofs_fs.h}).
 */
final class ErofsXattrs {

    /** {@code struct erofs_xattr_ibody_header}. */
    static final int HEADER = 12;

    private static final int ENTRY = 4;
    private static final int MAX_COUNT = 0xffff;

    /** Longest first where one begins with another. */
    private static final List<Prefix> PREFIXES = List.of(
            new Prefix("user.", 1),
            new Prefix("trusted.", 4),
            new Prefix("security.", 6),
            new Prefix("system.posix_acl_access", 2),
            new Prefix("system.posix_acl_default", 3));

    /** Labels of the machine a layer was made on; meaningless elsewhere, and umoci leaves them out as well. */
    private static final Set<String> DROPPED = Set.of("security.selinux", "system.nfs4_acl");

    /** What overlayfs keeps its own notes in. It hides them from programs, and would act on ours when it has this image as lower layer. */
    private static final String OVERLAY = "trusted.overlay.";

    private record Prefix(String text, int index) {}

    private ErofsXattrs() {}

    /** The stored form, a multiple of four bytes long; empty if there are none. Names Linux has no name space for are left out, as setting them would fail. */
    static byte[] encode(TarEntry entry, LayerErrors errors) {
        List<Xattr> stored = new ArrayList<>();
        int size = HEADER;
        for (Xattr xattr : entry.xattrs()) {
            Prefix prefix = prefix(xattr.name());
            if (prefix != null) {
                stored.add(xattr);
                size += align(ENTRY
                        + xattr.name().length()
                        - prefix.text().length()
                        + xattr.value().length());
            }
        }
        if (stored.isEmpty()) {
            return new byte[0];
        }
        if (count(size) > MAX_COUNT) {
            throw errors.of(
                    entry.name(),
                    "its extended attributes are " + size + " bytes long; at most " + (4 * MAX_COUNT)
                            + " are possible.");
        }
        ByteBuffer buffer = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        buffer.position(HEADER);
        for (Xattr xattr : stored) {
            put(buffer, xattr);
        }
        return buffer.array();
    }

    private static void put(ByteBuffer buffer, Xattr xattr) {
        Prefix prefix = prefix(xattr.name());
        if (prefix == null) {
            throw new IllegalStateException(xattr.name());
        }
        String rest = xattr.name().substring(prefix.text().length());
        buffer.put((byte) rest.length());
        buffer.put((byte) prefix.index());
        buffer.putShort((short) xattr.value().length());
        buffer.put(rest.getBytes(StandardCharsets.ISO_8859_1));
        buffer.put(xattr.value().getBytes(StandardCharsets.ISO_8859_1));
        buffer.position(align(buffer.position()));
    }

    /** {@code i_xattr_icount} of an inode with so many bytes of attributes behind it. */
    static int count(int size) {
        return size == 0 ? 0 : (size - HEADER) / 4 + 1;
    }

    private static @Nullable Prefix prefix(String name) {
        if (DROPPED.contains(name) || name.startsWith(OVERLAY)) {
            return null;
        }
        for (Prefix prefix : PREFIXES) {
            boolean whole = prefix.text().startsWith("system.");
            if (whole
                    ? name.equals(prefix.text())
                    : name.startsWith(prefix.text())
                            && name.length() > prefix.text().length()) {
                return prefix;
            }
        }
        return null;
    }

    private static int align(int size) {
        return (size + 3) & ~3;
    }
}
