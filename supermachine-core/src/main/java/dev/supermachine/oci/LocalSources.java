package dev.supermachine.oci;

import dev.supermachine.ImageException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;

/** Opens images that are files, and tells whether such a file is still the one that was read before. */
final class LocalSources {

    private LocalSources() {}

    /** A name for the source as it is now: it changes when the layout or the archive is written anew. */
    static String stamp(ImageSource.OciLayout source) {
        Path index = source.path().resolve(LayoutOrigin.INDEX);
        try (InputStream in = Files.newInputStream(index)) {
            return source + among(source.among()) + "\n" + Digest.of(in.readNBytes(LayoutOrigin.MAX_INDEX));
        } catch (IOException e) {
            throw unreadable(
                    source,
                    e,
                    Files.isDirectory(source.path())
                            ? index + " cannot be read: the directory is not an OCI layout"
                            : "the directory " + source.path() + " cannot be read");
        }
    }

    static String stamp(ImageSource.OciArchive source) {
        try {
            BasicFileAttributes file = Files.readAttributes(source.path(), BasicFileAttributes.class);
            return source + among(source.among()) + "\n" + file.fileKey() + "\n" + file.size() + "\n"
                    + file.lastModifiedTime();
        } catch (IOException e) {
            throw unreadable(source, e, "the archive cannot be read");
        }
    }

    private static String among(Optional<ImageReference> name) {
        return name.map(text -> "\n" + text).orElse("");
    }

    static ImageOrigin open(ImageSource.OciLayout source) {
        return new LayoutOrigin(source.toString(), LayoutFiles.of(source.path()), source.tag(), source.among());
    }

    /** Opens an archive; one that is compressed may have so many bytes uncompressed. */
    static ImageOrigin open(ImageSource.OciArchive source, TemporaryFiles temporary, long maxBytes) {
        try {
            TarArchive tar =
                    TarArchive.open(source.path(), channel(source, temporary, maxBytes), new ArchiveErrors(source));
            // Newer versions of docker save write both; the OCI layout is the one with digests.
            if (tar.contains(LayoutOrigin.INDEX)) {
                return new LayoutOrigin(source.toString(), tar, source.tag(), source.among());
            }
            if (tar.contains(DockerSaveOrigin.INDEX)) {
                return new DockerSaveOrigin(source.toString(), tar, source.tag(), source.among());
            }
            tar.close();
        } catch (IOException e) {
            throw unreadable(source, e, "the archive cannot be read");
        }
        throw new ImageException(
                "Cannot pull " + source + ": the archive holds no image: expected " + LayoutOrigin.INDEX
                        + " (OCI layout) or " + DockerSaveOrigin.INDEX
                        + " (docker save) in it, found neither. A tar of a container's files (docker export) is not an image.");
    }

    /** The tar; one that is compressed is unpacked to a file that has no name any more and goes with the channel. */
    private static FileChannel channel(ImageSource.OciArchive source, TemporaryFiles temporary, long maxBytes)
            throws IOException {
        Path path = source.path();
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
        try (InputStream start = Files.newInputStream(path)) {
            byte[] magic = start.readNBytes(4);
            if (!Decompression.isGzip(magic) && !Decompression.isZstd(magic)) {
                return channel;
            }
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        try (InputStream in = Decompression.open(Channels.newInputStream(channel));
                TemporaryFiles.Temporary file = temporary.create()) {
            try (OutputStream out = Files.newOutputStream(file.path())) {
                copy(in, out, source, maxBytes);
            }
            return FileChannel.open(file.path(), StandardOpenOption.READ);
        }
    }

    private static void copy(InputStream in, OutputStream out, ImageSource source, long maxBytes) throws IOException {
        byte[] buffer = new byte[64 * 1024];
        long copied = 0;
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
            copied += count;
            if (copied > maxBytes) {
                throw new ImageException("Cannot pull " + source + ": the archive unpacks to at least " + copied
                        + " bytes, but the limit for one image is " + maxBytes
                        + " (supermachine.image.max.bytes). It may be a decompression bomb; if the image is meant to be so"
                        + " large, raise that setting.");
            }
            out.write(buffer, 0, count);
        }
    }

    private static ImageException unreadable(ImageSource source, IOException cause, String what) {
        String reason = cause instanceof NoSuchFileException ? "no such file" : Messages.reason(cause);
        return new ImageException(
                "Cannot pull " + source + ": " + what + ": " + reason
                        + ". Check the path and how the image was written.",
                cause);
    }
}
