package dev.supermachine.oci;

import dev.supermachine.Platform;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** An image in OCI layout (OCI image specification, "Image Layout"). */
final class LayoutOrigin implements ImageOrigin {

    static final String INDEX = "index.json";
    static final int MAX_INDEX = 4 << 20;

    /** What containerd and BuildKit write beside the tag. */
    private static final String CONTAINERD_NAME = "io.containerd.image.name";

    private final String name;
    private final LayoutFiles files;
    private final Optional<String> tag;
    private final Optional<ImageReference> among;

    LayoutOrigin(String name, LayoutFiles files, Optional<String> tag, Optional<ImageReference> among) {
        this.name = name;
        this.files = files;
        this.tag = tag;
        this.among = among;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String where(Descriptor content) {
        return files.where(path(content));
    }

    private static String path(Descriptor content) {
        return "blobs/sha256/" + content.digest().hex();
    }

    @Override
    public Manifest.Raw root(Platform platform) throws IOException {
        byte[] bytes;
        try (InputStream in = files.open(INDEX)) {
            bytes = in.readNBytes(MAX_INDEX);
        }
        String what = files.where(INDEX);
        if (!(Manifest.parse(Manifest.Raw.of(bytes, MediaTypes.OCI_INDEX), what) instanceof Manifest.Index index)) {
            throw failure(what + " is not an image index.");
        }
        Descriptor chosen = choose(index.manifests(), platform);
        try (InputStream in = open(chosen)) {
            byte[] manifest = Verification.read(this, chosen, in, Manifest.MAX_BYTES);
            return Manifest.Raw.of(manifest, chosen.mediaType());
        }
    }

    private Descriptor choose(List<Descriptor> all, Platform platform) {
        List<Descriptor> candidates =
                tag.isEmpty() ? all : all.stream().filter(this::isTagged).collect(Collectors.toList());
        if (candidates.isEmpty()) {
            throw failure(
                    tag.isEmpty()
                            ? files.where(INDEX) + " lists no image."
                            : "there is no image tagged '" + tag.get() + "' in it. Found: " + tags(all) + ".");
        }
        if (among.isPresent()
                && candidates.stream().map(Descriptor::digest).distinct().count() > 1) {
            candidates = NameMatch.choose(candidates, LayoutOrigin::names, among.get());
        }
        if (candidates.stream().map(Descriptor::digest).distinct().count() > 1) {
            candidates = forPlatform(candidates, platform);
        }
        if (candidates.stream().map(Descriptor::digest).distinct().count() != 1) {
            throw failure("there are several images in it, and it is not said which one is meant. Found: " + tags(all)
                    + (among.isPresent()
                            ? ". None of them alone is '" + among.get().familiar() + "': use its name as the reference."
                            : ". Put ':' and a tag behind the path."));
        }
        return candidates.get(0);
    }

    private List<Descriptor> forPlatform(List<Descriptor> several, Platform platform) {
        for (Platform candidate : PlatformSelector.acceptable(platform)) {
            List<Descriptor> found = several.stream()
                    .filter(one -> one.platform()
                            .map(builtFor -> PlatformSelector.same(builtFor, candidate))
                            .orElse(false))
                    .toList();
            if (!found.isEmpty()) {
                return found;
            }
        }
        if (several.stream().allMatch(one -> one.platform().isPresent())) {
            TreeSet<String> present = new TreeSet<>();
            several.forEach(one ->
                    present.add(Messages.excerpt(one.platform().orElseThrow().toString())));
            throw failure(PlatformSelector.lacking(platform, present, ""));
        }
        return List.of();
    }

    private boolean isTagged(Descriptor descriptor) {
        String wanted = tag.orElse("");
        return tag(descriptor).equals(wanted)
                || tag(descriptor).endsWith(":" + wanted)
                || descriptor.annotations().getOrDefault(CONTAINERD_NAME, "").endsWith(":" + wanted);
    }

    private static List<String> names(Descriptor descriptor) {
        return List.of(tag(descriptor), descriptor.annotations().getOrDefault(CONTAINERD_NAME, ""));
    }

    private static String tag(Descriptor descriptor) {
        return descriptor.annotations().getOrDefault(Descriptor.REF_NAME, "");
    }

    private static String tags(List<Descriptor> all) {
        TreeSet<String> tags = new TreeSet<>();
        for (Descriptor descriptor : all) {
            String platform =
                    descriptor.platform().map(found -> " (" + found + ")").orElse("");
            tags.add((tag(descriptor).isEmpty() ? "one without a tag" : Messages.excerpt(tag(descriptor))) + platform);
        }
        return tags.isEmpty() ? "nothing" : String.join(", ", tags);
    }

    @Override
    public InputStream open(Descriptor content) throws IOException {
        try {
            return files.open(path(content));
        } catch (FileNotFoundException | NoSuchFileException e) {
            throw failure(
                    where(content)
                            + " is missing, although a manifest names it. "
                            + content.foreign().orElse("The layout is incomplete; write it again."),
                    e);
        }
    }

    @Override
    public void close() throws IOException {
        files.close();
    }
}
