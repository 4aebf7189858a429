package dev.supermachine.bake;

import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import dev.supermachine.oci.ContentStore;
import dev.supermachine.oci.ImagePuller;
import dev.supermachine.oci.ImageSource;
import dev.supermachine.oci.PullListener;
import dev.supermachine.oci.PulledImage;
import dev.supermachine.rootfs.RootfsLimits;
import dev.supermachine.testing.HostileImages;
import java.nio.file.Path;
import java.util.Optional;

/** Root file systems from layouts on disk, the way a bake makes them, with the limits that hostile images go beyond. */
final class LayoutRoots {

    private final Path cache;

    LayoutRoots(Path cache) {
        this.cache = cache;
    }

    Path cache() {
        return cache;
    }

    PulledImage pull(Path layout) {
        return new ImagePuller(new ContentStore(cache), PullListener.SILENT)
                .withMaxImageBytes(HostileImages.MAX_BYTES)
                .pull(ImageSource.ociLayout(layout, Optional.empty()), Platform.LINUX_AMD64, PullPolicy.IF_MISSING);
    }

    Path merge(PulledImage image) {
        return new RootImages(cache, new RootfsLimits(HostileImages.MAX_BYTES, HostileImages.MAX_ENTRIES)).of(image);
    }

    Path of(Path layout) {
        return merge(pull(layout));
    }
}
