package dev.supermachine.oci;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Where an image comes from: a registry, a directory in OCI layout, or an archive. Immutable values.
 *
 * @since 0.1
 */
public sealed interface ImageSource {

    /** In front of the path of an OCI layout directory. */
    String LAYOUT_PREFIX = "oci-layout:";

    /** In front of the path of an archive. */
    String ARCHIVE_PREFIX = "oci-archive:";

    /**
     * An image in a registry.
     *
     * @param reference its name
     * @since 0.1
     */
    record Registry(ImageReference reference) implements ImageSource {
        @Override
        public String toString() {
            return reference.toString();
        }
    }

    /**
     * An image in a directory (OCI image specification, "Image Layout").
     *
     * @param path the directory that holds {@code index.json}
     * @param tag which of the images; empty if there is only one
     * @param among which of the images if there are several and no tag is given
     * @since 0.1
     */
    record OciLayout(Path path, Optional<String> tag, Optional<ImageReference> among) implements ImageSource {
        @Override
        public String toString() {
            return LAYOUT_PREFIX + path + tag.map(name -> ":" + name).orElse("");
        }
    }

    /**
     * An image in a tar: an OCI layout, or what {@code docker save} writes. The tar may be compressed with gzip or zstd.
     *
     * @param path the file
     * @param tag which of the images; empty if there is only one
     * @param among which of the images if there are several and no tag is given
     * @since 0.1
     */
    record OciArchive(Path path, Optional<String> tag, Optional<ImageReference> among) implements ImageSource {
        @Override
        public String toString() {
            return ARCHIVE_PREFIX + path + tag.map(name -> ":" + name).orElse("");
        }
    }

    /**
     * An image in a registry.
     *
     * @param reference its name
     * @return the source
     */
    static ImageSource registry(ImageReference reference) {
        return new Registry(reference);
    }

    /**
     * The only image in an OCI layout directory.
     *
     * @param path the directory that holds {@code index.json}
     * @return the source
     */
    static ImageSource ociLayout(Path path) {
        return ociLayout(path, Optional.empty());
    }

    /**
     * The only image in an OCI layout directory, or of several the one of a name.
     *
     * @param path the directory that holds {@code index.json}
     * @param name the image's name, or its name with another repository but the same tag where the layout has tags only
     * @return the source
     */
    static ImageSource ociLayout(Path path, Optional<ImageReference> name) {
        return new OciLayout(path.toAbsolutePath().normalize(), Optional.empty(), name);
    }

    /**
     * The only image in an archive.
     *
     * @param path an OCI archive or a tar of {@code docker save}
     * @return the source
     */
    static ImageSource ociArchive(Path path) {
        return ociArchive(path, Optional.empty());
    }

    /**
     * The only image in an archive, or of several the one of a name.
     *
     * @param path an OCI archive or a tar of {@code docker save}
     * @param name as for {@link #ociLayout(Path, Optional)}
     * @return the source
     */
    static ImageSource ociArchive(Path path, Optional<ImageReference> name) {
        return new OciArchive(path.toAbsolutePath().normalize(), Optional.empty(), name);
    }

    /**
     * Reads what users write: {@code oci-layout:PATH[:tag]}, {@code oci-archive:PATH[:tag]}, or else an image reference. What follows the last colon of
     * a path is the tag if it can be one and no file has the whole as its name.
     *
     * @param text the source
     * @return the source; paths are made absolute
     * @throws dev.supermachine.ImageException if the text is neither
     */
    static ImageSource of(String text) {
        if (text.startsWith(LAYOUT_PREFIX)) {
            PathAndTag parsed = PathAndTag.parse(text, LAYOUT_PREFIX);
            return new OciLayout(parsed.path(), parsed.tag(), Optional.empty());
        }
        if (text.startsWith(ARCHIVE_PREFIX)) {
            PathAndTag parsed = PathAndTag.parse(text, ARCHIVE_PREFIX);
            return new OciArchive(parsed.path(), parsed.tag(), Optional.empty());
        }
        return registry(ImageReference.parse(text));
    }
}
