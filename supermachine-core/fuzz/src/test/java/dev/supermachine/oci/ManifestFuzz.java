package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.Platform;
import dev.supermachine.fuzz.Oracle;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;

/** Any bytes as a manifest or an index, of each type a registry may call it: an image for the platform, or a refusal. */
public final class ManifestFuzz {

    private static final List<String> TYPES = List.of(
            "",
            MediaTypes.OCI_INDEX,
            MediaTypes.OCI_MANIFEST,
            MediaTypes.DOCKER_LIST,
            MediaTypes.DOCKER_MANIFEST,
            "text/html");

    /** Serves the same bytes for everything, as the root and as whatever that names. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Same(byte[] bytes, String type) implements ImageOrigin {
        @Override
        public String name() {
            return "fuzz";
        }

        @Override
        public String where(Descriptor content) {
            return "fuzz/" + content.digest();
        }

        @Override
        public Manifest.Raw root(Platform platform) {
            return Manifest.Raw.of(bytes, type);
        }

        @Override
        public InputStream open(Descriptor content) {
            return new ByteArrayInputStream(bytes);
        }
    }

    private ManifestFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        for (String type : TYPES) {
            parse(input, type);
            select(new Same(input, type));
        }
    }

    private static void parse(byte[] input, String type) {
        try {
            Manifest manifest = Manifest.parse(Manifest.Raw.of(input, type), "The manifest of fuzz");
            List<Descriptor> all =
                    manifest instanceof Manifest.Image image ? image.layers() : ((Manifest.Index) manifest).manifests();
            for (Descriptor descriptor : all) {
                Oracle.require(descriptor.size() >= 0, "a negative size");
                Oracle.requireEqual(
                        descriptor.digest(), Digest.parse(descriptor.digest().toString(), "fuzz"), "digest");
            }
            Oracle.requireEqual(
                    manifest, Manifest.parse(Manifest.Raw.of(input, type), "The manifest of fuzz"), "read twice");
        } catch (ImageException e) {
            Oracle.requireGoodMessage(e);
        }
    }

    private static void select(ImageOrigin origin) {
        try {
            PlatformSelector.Chosen chosen = new PlatformSelector(origin, Platform.LINUX_AMD64).select();
            Oracle.require(chosen.image().config().size() >= 0, "a negative size");
        } catch (ImageException e) {
            Oracle.requireGoodMessage(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
