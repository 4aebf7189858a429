package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Gets images: from the content store if they are there, else from where they are, verified. Thread-safe.
 *
 * @since 0.1
 */
public final class ImagePuller {

    private static final int MAX_CONFIG = 4 << 20;
    private static final long MAX_IMAGE_BYTES = 64L << 30;

    private final ContentStore store;
    private final PullListener listener;
    private final PullSettings settings;
    private final CredentialHelpers helpers;
    private final long maxImageBytes;

    /**
     * A puller with settings of its own.
     *
     * @param store where blobs are kept
     * @param listener told how each pull goes on
     * @param settings how registries are talked to
     */
    public ImagePuller(ContentStore store, PullListener listener, PullSettings settings) {
        this(store, listener, settings, CredentialHelpers.OF_THIS_JVM);
    }

    ImagePuller(ContentStore store, PullListener listener, PullSettings settings, CredentialHelpers helpers) {
        this(store, listener, settings, helpers, MAX_IMAGE_BYTES);
    }

    private ImagePuller(
            ContentStore store,
            PullListener listener,
            PullSettings settings,
            CredentialHelpers helpers,
            long maxImageBytes) {
        this.store = store;
        this.listener = listener;
        this.settings = settings;
        this.helpers = helpers;
        this.maxImageBytes = maxImageBytes;
    }

    /**
     * A puller with the {@linkplain PullSettings#defaults() default settings}.
     *
     * @param store where blobs are kept
     * @param listener told how each pull goes on
     */
    public ImagePuller(ContentStore store, PullListener listener) {
        this(store, listener, PullSettings.defaults());
    }

    /**
     * The same with a limit of its own in place of 64 GiB.
     *
     * @param bytes what the layers of one image may hold together, uncompressed; those that are in the store already are not counted
     * @return a new puller
     */
    public ImagePuller withMaxImageBytes(long bytes) {
        return new ImagePuller(store, listener, settings, helpers, bytes);
    }

    /**
     * Gets an image. The policy is about registries: an archive or a layout is on this machine, so it is read whenever it has changed since the last time,
     * with every policy, and {@link PullPolicy#ALWAYS} reads it in any case.
     *
     * @param source where it comes from
     * @param platform for which platform
     * @param policy when a registry is asked
     * @return the image, with all its layers in the store
     * @throws ImageException if it cannot be had or is not what it should be; the message says what was tried, expected and found
     */
    public PulledImage pull(ImageSource source, Platform platform, PullPolicy policy) {
        String key = key(source);
        if (policy != PullPolicy.ALWAYS) {
            Optional<PulledImage> cached = cached(source, key, platform);
            if (cached.isPresent()) {
                listener.finished(cached.get());
                return cached.get();
            }
            if (policy == PullPolicy.NEVER && source instanceof ImageSource.Registry) {
                throw new ImageException(
                        "Image " + source + " for " + platform + " is not in the cache " + store.root()
                                + " in full, and PullPolicy.NEVER forbids asking the registry. Pull it once with PullPolicy.IF_MISSING.");
            }
        }
        try (ImageOrigin origin = open(source)) {
            PulledImage image = fetch(origin, key, platform);
            listener.finished(image);
            return image;
        } catch (IOException e) {
            listener.failed(source.toString());
            throw new ImageException(
                    "Cannot pull " + source + " into the image cache " + store.root() + ": " + store.trouble(e), e);
        } catch (ImageException e) {
            listener.failed(source.toString());
            throw e;
        }
    }

    private static String key(ImageSource source) {
        if (source instanceof ImageSource.OciLayout layout) {
            return LocalSources.stamp(layout);
        }
        return source instanceof ImageSource.OciArchive archive ? LocalSources.stamp(archive) : source.toString();
    }

    private ImageOrigin open(ImageSource source) {
        if (source instanceof ImageSource.OciLayout layout) {
            return LocalSources.open(layout);
        }
        if (source instanceof ImageSource.OciArchive archive) {
            return LocalSources.open(archive, store.temporary(), maxImageBytes);
        }
        return new RegistryOrigin(((ImageSource.Registry) source).reference(), settings, helpers);
    }

    /** The image if every part of it is in the store; a part that is missing or damaged makes it a miss, never an error. */
    private Optional<PulledImage> cached(ImageSource source, String key, Platform platform) {
        Optional<Descriptor> record = store.recall(key, platform);
        Optional<byte[]> bytes = record.flatMap(found -> store.read(found.digest(), Manifest.MAX_BYTES));
        if (record.isEmpty() || bytes.isEmpty()) {
            return Optional.empty();
        }
        String what = "The cached manifest of " + source;
        if (!(Manifest.parse(Manifest.Raw.of(bytes.get(), record.get().mediaType()), what)
                instanceof Manifest.Image manifest)) {
            return Optional.empty();
        }
        Optional<byte[]> config = store.read(manifest.config().digest(), MAX_CONFIG);
        if (config.isEmpty()) {
            return Optional.empty();
        }
        ImageConfig parsed = ImageConfig.parse(config.get(), "The cached configuration of " + source);
        List<ImageLayer> layers = new ArrayList<>();
        for (int i = 0; i < manifest.layers().size(); i++) {
            Descriptor layer = manifest.layers().get(i);
            Digest diffId = Digest.parse(parsed.diffIds().get(i), what);
            if (!store.contains(layer.digest(), layer.size())
                    || !store.diffId(layer.digest()).equals(Optional.of(diffId))) {
                return Optional.empty();
            }
            layers.add(new ImageLayer(store, layer, diffId));
        }
        return Optional.of(new PulledImage(
                source.toString(), record.get().digest().toString(), parsed, List.copyOf(layers), true));
    }

    private PulledImage fetch(ImageOrigin origin, String key, Platform platform) throws IOException {
        PlatformSelector.Chosen chosen = new PlatformSelector(origin, platform).select();
        Manifest.Image manifest = chosen.image();
        byte[] configBytes = config(origin, manifest.config());
        ImageConfig config = ImageConfig.parse(configBytes, "The configuration of " + origin.name());
        check(origin, platform, manifest, config);

        Map<Descriptor, Digest> wanted = new LinkedHashMap<>();
        List<ImageLayer> layers = new ArrayList<>();
        for (int i = 0; i < manifest.layers().size(); i++) {
            Descriptor layer = manifest.layers().get(i);
            Digest diffId = Digest.parse(config.diffIds().get(i), "The configuration of " + origin.name());
            layers.add(new ImageLayer(store, layer, diffId));
            Digest other = wanted.put(layer, diffId);
            if (other != null && !other.equals(diffId)) {
                throw Verification.wrongDiffId(origin, layer, diffId, other);
            }
        }
        listener.resolved(
                origin.name(),
                chosen.raw().digest().toString(),
                wanted.keySet().stream().map(layer -> layer.digest().toString()).toList(),
                wanted.keySet().stream().mapToLong(Descriptor::size).sum());
        BlobFetcher fetcher = new BlobFetcher(store, origin, listener, new ImageBytes(origin, maxImageBytes));
        new Parallel(settings.parallelBlobs(), origin).run(wanted, fetcher::layer);

        // What makes the image known comes last, so that a killed pull leaves blobs that the next one uses, and no half
        // image.
        store.put(configBytes);
        store.put(chosen.raw().bytes());
        store.remember(
                key,
                platform,
                Descriptor.of(
                        chosen.raw().mediaType(),
                        chosen.raw().digest(),
                        chosen.raw().bytes().length));
        return new PulledImage(origin.name(), chosen.raw().digest().toString(), config, List.copyOf(layers), false);
    }

    private byte[] config(ImageOrigin origin, Descriptor descriptor) throws IOException {
        Optional<byte[]> cached = store.read(descriptor.digest(), MAX_CONFIG);
        if (cached.isPresent()) {
            return cached.get();
        }
        try (InputStream in = origin.open(descriptor)) {
            return Verification.read(origin, descriptor, in, MAX_CONFIG);
        }
    }

    private static void check(ImageOrigin origin, Platform platform, Manifest.Image manifest, ImageConfig config) {
        Platform found = config.platform();
        if (!PlatformSelector.serves(found, platform)) {
            throw origin.failure(PlatformSelector.lacking(platform, List.of(Messages.excerpt(found.toString())), ""));
        }
        if (config.diffIds().size() != manifest.layers().size()) {
            throw origin.failure("its manifest has " + manifest.layers().size() + " layers, but its configuration has "
                    + config.diffIds().size()
                    + " diff_ids. The image was put together wrongly; build and push it again.");
        }
    }
}
