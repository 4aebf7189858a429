package dev.supermachine.oci;

import dev.supermachine.Platform;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

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
        return one.normalized().equals(other.normalized());
    }

    /** What will do for a platform, the best first, as Docker has it: the variant asked for, else the next lower one, as arm/v6 for arm/v7. */
    static List<Platform> acceptable(Platform platform) {
        Platform wanted = platform.normalized();
        Stream<Platform> lower = wanted.variant().matches("v[2-9]")
                ? IntStream.iterate(wanted.variant().charAt(1) - '1', level -> level > 0, level -> level - 1)
                        .mapToObj(level -> new Platform(wanted.os(), wanted.architecture(), "v" + level).normalized())
                : Stream.empty();
        return Stream.concat(Stream.of(wanted), lower).toList();
    }

    /** Whether an image that was built for one platform will do for another. */
    static boolean serves(Platform builtFor, Platform wanted) {
        return acceptable(wanted).contains(builtFor.normalized());
    }

    Chosen select() throws IOException {
        Manifest.Raw root = origin.root(platform);
        Manifest parsed = Manifest.parse(root, "The manifest of " + origin.name());
        if (parsed instanceof Manifest.Image image) {
            return new Chosen(root, image);
        }
        for (Platform candidate : acceptable(platform)) {
            Optional<Chosen> found = search((Manifest.Index) parsed, candidate, 1);
            if (found.isPresent()) {
                return found.get();
            }
        }
        throw origin.failure(lacking(
                platform,
                present,
                cutOff
                        ? ", as far as was looked: of indexes in indexes no more than " + MAX_DEPTH
                                + " one in the other and " + MAX_INDEXES + " in all are read"
                        : ""));
    }

    /** What to say of an image that is not there for a platform, as it follows the image's name. */
    static String lacking(Platform platform, Collection<String> present, String limits) {
        return "it has no image for " + platform + ". Present: " + shown(present) + limits
                + ". Choose another image or tag, or build it for " + platform + ".";
    }

    private static String shown(Collection<String> present) {
        if (present.isEmpty()) {
            return "none";
        }
        String first = present.stream().limit(SHOWN).collect(Collectors.joining(", "));
        return present.size() > SHOWN ? first + " and " + (present.size() - SHOWN) + " more" : first;
    }

    private Optional<Chosen> search(Manifest.Index index, Platform candidate, int depth) throws IOException {
        List<Descriptor> unnamed = new ArrayList<>();
        for (Descriptor entry : index.manifests()) {
            if (!MediaTypes.isManifest(entry.mediaType())) {
                continue;
            }
            if (entry.platform().isEmpty()) {
                unnamed.add(entry);
            } else if (same(entry.platform().get(), candidate)) {
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
                    entry.platform().isEmpty() || same(entry.platform().get(), candidate);
            if (possible && MediaTypes.isIndex(entry.mediaType())) {
                if (depth == MAX_DEPTH || indexes == MAX_INDEXES) {
                    cutOff = true;
                    continue;
                }
                indexes++;
                Manifest.Raw raw = fetch(entry);
                if (Manifest.parse(raw, origin.where(entry)) instanceof Manifest.Index nested) {
                    Optional<Chosen> found = search(nested, candidate, depth + 1);
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
