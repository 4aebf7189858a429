package dev.supermachine.benchmarks;

import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import dev.supermachine.oci.ContentStore;
import dev.supermachine.oci.ImageLayer;
import dev.supermachine.oci.ImagePuller;
import dev.supermachine.oci.ImageSource;
import dev.supermachine.oci.PullListener;
import dev.supermachine.oci.PulledImage;
import dev.supermachine.rootfs.LayerSource;
import dev.supermachine.rootfs.RootfsBuilder;
import dev.supermachine.rootfs.RootfsLimits;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;

/** The program of a JVM with a small heap: pulls {@code REFERENCE} and makes one file system of it, all below {@code DIRECTORY}. */
final class PullAndFlatten {

    private PullAndFlatten() {}

    public static void main(String[] arguments) {
        Path directory = Path.of(arguments[1]);
        ImagePuller puller = new ImagePuller(new ContentStore(directory.resolve("cache")), new PullListener() {});
        PulledImage image = puller.pull(ImageSource.of(arguments[0]), Platform.LINUX_AMD64, PullPolicy.IF_MISSING);
        List<LayerSource> layers =
                image.layers().stream().<LayerSource>map(Layer::new).toList();
        RootfsBuilder.build(layers, directory.resolve("root.erofs"), RootfsLimits.defaults());
    }

    private record Layer(ImageLayer layer) implements LayerSource {

        @Override
        public String diffId() {
            return layer.diffId();
        }

        @Override
        public InputStream open() throws IOException {
            return layer.openTar();
        }
    }
}
