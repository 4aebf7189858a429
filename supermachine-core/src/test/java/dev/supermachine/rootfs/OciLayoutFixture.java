package dev.supermachine.rootfs;

import dev.supermachine.testing.OciLayout;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Layers as an OCI image layout with the tag {@code test}, uncompressed. */
final class OciLayoutFixture {

    private OciLayoutFixture() {}

    static void write(Path directory, List<TestLayer> layers) throws IOException {
        OciLayout layout = new OciLayout();
        layers.forEach(layer -> layout.tar(layer.tar()));
        layout.write(directory);
    }
}
