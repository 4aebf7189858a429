package dev.supermachine.oci;

import dev.supermachine.Platform;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** From what a source stands for to the manifest of one image for one platform, through indexes in indexes as far as is reasonable. */
final class PlatformSelector {

    /** How many indexes may lie one in the other, the outermost counted. */
    private static final int MAX_DEPTH = 4;

    /** How many indexes are read in all. */
    private static final int MAX_INDEXES = 32;

    /** What was chosen. */
    record Chosen(Manifest.Raw raw, Manifest.Image image) {}

    private static final int SHOWN = 20;

    private final ImageOrigin origin;
    private final Platform platform;
    private final TreeSet<String> present = new TreeSet<>();
    private int indexes;
    private boolean cutOff;

    PlatformSelector(ImageOrigin origin, Platform platform) {
        this.origin = origin;
        this.platform = platform;
    }

    /** Two names of one platform: the first variant of arm64 is v8 and of amd64 is v1, and neither is usually written. */
    static boolean same(Platform one, Platform other) {
        return one.os().equals(other.os())
                && one.architecture().equals(other.architecture())
                && variant(one).equals(variant(other));
    }

    private static String variant(Platform platform) {
        String plain = switch (platform.architecture()) {
            case "amd64" -> "v1";
            case "arm64" -> "v8";
            default -> "";
        };
        return platform.variant().equals(plain) ? "" : platform.variant();
    }

    Chosen select() throws IOException {
        Manifest.Raw root = origin.root(platform);
        Manifest parsed = Manifest.parse(root, "The manifest of " + origin.name());
        if (parsed instanceof Manifest.Image image) {
            return new Chosen(root, image);
        }
        Optional<Chosen> found = search((Manifest.Index) parsed, 1);
        if (found.isPresent()) {
            return found.get();
        }
        throw origin.failure("it has no image for " + platform + ". Present: "
                + present()
                + (cutOff
                        ? ", as far as was looked: of indexes in indexes no more than " + MAX_DEPTH
                                + " one in the other and " + MAX_INDEXES + " in all are read"
                        : "")
                + ". Choose another image or tag, or build it for " + platform + ".");
    }

    private String present() {
        if (present.isEmpty()) {
            return "none";
        }
        String first = present.stream().limit(SHOWN).collect(Collectors.joining(", "));
        return present.size() > SHOWN ? first + " and " + (present.size() - SHOWN) + " more" : first;
    }

    private Optional<Chosen> search(Manifest.Index index, int depth) throws IOException {
        List<Descriptor> unnamed = new ArrayList<>();
        for (Descriptor entry : index.manifests()) {
            if (!MediaTypes.isManifest(entry.mediaType())) {
                continue;
            }
            if (entry.platform().isEmpty()) {
                unnamed.add(entry);
            } else if (same(entry.platform().get(), platform)) {
                return Optional.of(image(entry));
            } else if (!entry.platform()
                    .get()
                    .os()
                    .equals("unknown")) { // attestations pose as images of an unknown platform
                present.add(Messages.excerpt(entry.platform().get().toString()));
            }
        }
        for (Descriptor entry : index.manifests()) {
            boolean possible =
                    entry.platform().isEmpty() || same(entry.platform().get(), platform);
            if (possible && MediaTypes.isIndex(entry.mediaType())) {
                if (depth == MAX_DEPTH || indexes == MAX_INDEXES) {
                    cutOff = true;
                    continue;
                }
                indexes++;
                Manifest.Raw raw = fetch(entry);
                if (Manifest.parse(raw, origin.where(entry)) instanceof Manifest.Index nested) {
                    Optional<Chosen> found = search(nested, depth + 1);
                    if (found.isPresent()) {
                        return found;
                    }
                }
            }
        }
        // A single image whose platform the index does not say: its configuration will say it.
        return unnamed.size() == 1 && present.isEmpty() ? Optional.of(image(unnamed.get(0))) : Optional.empty();
    }

    private Chosen image(Descriptor entry) throws IOException {
        Manifest.Raw raw = fetch(entry);
        if (Manifest.parse(raw, origin.where(entry)) instanceof Manifest.Image image) {
            return new Chosen(raw, image);
        }
        throw origin.failure(
                origin.where(entry) + " is an index where the index above it promises an image. Push the image again.");
    }

    private Manifest.Raw fetch(Descriptor entry) throws IOException {
        try (var in = origin.openManifest(entry)) {
            return Manifest.Raw.of(Verification.read(origin, entry, in, Manifest.MAX_BYTES), entry.mediaType());
        }
    }
}
