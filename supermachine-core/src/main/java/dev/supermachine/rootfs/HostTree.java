package dev.supermachine.rootfs;

import dev.supermachine.ImageException;
import dev.supermachine.linux.StoreTrouble;
import dev.supermachine.tar.TarWriter;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Writes a file, a directory with all that is in it, or a symbolic link of this host into a tar, always the same for the same content. */
final class HostTree {

    private static final String NEXT =
            " Check the path that was given for the host; a relative one begins at the JVM's working directory, here ";

    /** What a name has in place of bytes that this JVM cannot read. */
    private static final char REPLACEMENT = '\uFFFD';

    private static final int TYPE = 0170000;
    private static final int DIRECTORY = 0040000;
    private static final int REGULAR = 0100000;
    private static final int LINK = 0120000;
    private static final int PERMISSIONS = 07777;

    private final TarWriter tar;
    private final Path top;
    private final String guest;

    /**
     * @param top what of this host
     * @param guest where it goes
     */
    HostTree(TarWriter tar, Path top, String guest) {
        this.tar = tar;
        this.top = top;
        this.guest = guest;
    }

    /**
     * Writes it.
     *
     * @throws ImageException if the host does not let it be read
     * @throws IOException if the tar cannot be written
     */
    void write() throws IOException {
        write(top, guest);
    }

    private void write(Path host, String to) throws IOException {
        Map<String, Object> attributes = attributes(host, to);
        int mode = (int) Objects.requireNonNull(attributes.get("mode"));
        TarWriter.Meta meta = new TarWriter.Meta(to.substring(1), mode & PERMISSIONS, 0, 0, Instant.EPOCH);
        switch (mode & TYPE) {
            case DIRECTORY -> {
                tar.directory(meta);
                for (Path child : children(host, to)) {
                    write(child, to + "/" + readable(child, to, String.valueOf(child.getFileName())));
                }
            }
            case REGULAR -> {
                long size = (long) Objects.requireNonNull(attributes.get("size"));
                try (Content content = open(host, to, size)) {
                    tar.file(meta, size, content);
                    content.requireEnd();
                }
            }
            case LINK -> tar.symbolicLink(meta, readable(host, to, target(host, to)));
            default ->
                throw failure(
                        host,
                        to,
                        "it is a " + special(mode & TYPE)
                                + ", and only files, directories and symbolic links can be. Leave it out.",
                        null);
        }
    }

    /** Never opens anything, since opening a pipe may take forever. */
    private static Map<String, Object> attributes(Path host, String to) {
        try {
            return Files.readAttributes(host, "unix:mode,size", LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            throw failure(
                    host, to, "there is no such file." + NEXT + Path.of("").toAbsolutePath() + ".", e);
        } catch (IOException e) {
            throw unreadable(host, to, e);
        }
    }

    private static List<Path> children(Path host, String to) {
        List<Path> children = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(host)) {
            stream.forEach(children::add);
        } catch (DirectoryIteratorException e) {
            throw unreadable(host, to, Objects.requireNonNull(e.getCause()));
        } catch (IOException e) {
            throw unreadable(host, to, e);
        }
        children.sort(null);
        return children;
    }

    private static String target(Path host, String to) {
        try {
            return Files.readSymbolicLink(host).toString();
        } catch (IOException e) {
            throw unreadable(host, to, e);
        }
    }

    private static Content open(Path host, String to, long size) {
        try {
            return new Content(Files.newInputStream(host, LinkOption.NOFOLLOW_LINKS), host, to, size);
        } catch (IOException e) {
            throw unreadable(host, to, e);
        }
    }

    private static String readable(Path host, String to, String text) {
        if (text.indexOf(REPLACEMENT) >= 0) {
            throw failure(
                    host,
                    to,
                    "its name or target has bytes that are no text in this JVM's encoding of names, "
                            + System.getProperty("sun.jnu.encoding")
                            + ". Start the JVM in a UTF-8 locale, or give the file another name.",
                    null);
        }
        return text;
    }

    private static String special(int type) {
        return switch (type) {
            case 0010000 -> "pipe";
            case 0140000 -> "socket";
            default -> "device";
        };
    }

    private static ImageException unreadable(Path host, String to, IOException cause) {
        return failure(
                host,
                to,
                "it cannot be read: " + ExtraFilesErrors.shown(StoreTrouble.reason(cause))
                        + ". Give the user of this JVM the permission to read it, or leave it out.",
                cause);
    }

    private static ImageException changed(Path host, String to, String how) {
        return failure(host, to, "it became " + how + " while it was read. Bake again when nobody writes to it.", null);
    }

    private static ImageException failure(Path host, String to, String problem, @Nullable Throwable cause) {
        return ExtraFilesErrors.failure(host, to, problem, cause);
    }

    /** A file that has exactly as many bytes as were announced. Its errors are the host's, not the tar's. */
    private static final class Content extends FilterInputStream {

        private final Path host;
        private final String to;
        private final long size;
        private long left;

        private Content(InputStream in, Path host, String to, long size) {
            super(in);
            this.host = host;
            this.to = to;
            this.size = size;
            this.left = size;
        }

        @Override
        public int read() {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) {
            try {
                int count = in.read(target, offset, length);
                if (count < 0 && left > 0) {
                    throw changed(host, to, left + " bytes shorter than the " + size + " it had");
                }
                left -= Math.max(count, 0);
                return count;
            } catch (IOException e) {
                throw unreadable(host, to, e);
            }
        }

        void requireEnd() {
            if (read() >= 0) {
                throw changed(host, to, "longer than the " + size + " bytes it had");
            }
        }
    }
}
