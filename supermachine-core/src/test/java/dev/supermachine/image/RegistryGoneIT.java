package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.Image;
import dev.supermachine.ImageException;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.testing.LayoutRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A registry ends for good in the middle of a pull: the bake says so, nothing is half there, and the next one fetches only what is lacking. */
class RegistryGoneIT {

    private static final String CACHE = "supermachine.cache.dir";

    private final Path layout = TestImages.file("debian-busybox.oci");

    @TempDir
    private Path directory;

    @BeforeEach
    void anEmptyCache() {
        System.setProperty(CACHE, directory.resolve("cache").toString());
    }

    @AfterEach
    void theUsualCache() {
        System.clearProperty(CACHE);
    }

    @Test
    void theBakeSaysSoAndTheNextOneGoesOnAtAnotherRegistry() throws IOException {
        long size = LayoutRegistry.blobBytes(layout);
        try (LayoutRegistry registry = LayoutRegistry.serve(layout, size * 3 / 4)) {
            String address = registry.address();
            assertThatThrownBy(() -> build(registry))
                    .isInstanceOf(ImageException.class)
                    .hasMessageMatching("Cannot pull " + address + "/app:1: nothing accepts connections at " + address
                            + " \\(tried GET http://" + address
                            + "/v2/app/blobs/sha256:[0-9a-f]{64}: connection refused\\)\\."
                            + " Check that the registry runs, and its host and port\\.");
        }
        assertThat(files("snapshots")).isEmpty();
        assertThat(files("cache/refs")).isEmpty();
        assertThat(files("cache/parts")).singleElement().asString().endsWith(".part");

        try (LayoutRegistry registry = LayoutRegistry.serve(layout, Long.MAX_VALUE)) {
            Image image = build(registry);
            assertThat(image.origin().baked()).isTrue();
            assertThat(registry.sentBytes()).isLessThan(size / 2);
            assertThat(files("cache/parts")).isEmpty();
            try (Vm vm = image.start(VmConfig.defaults())) {
                assertThat(vm.exec("true").success()).isTrue();
            }
        }
    }

    private Image build(LayoutRegistry registry) {
        return Image.builder(registry.address() + "/app:1")
                .withSnapshotsDir(directory.resolve("snapshots"))
                .withMemoryMib(128)
                .withCmd("sleep", "1000")
                .build();
    }

    private List<String> files(String under) throws IOException {
        Path root = directory.resolve(under);
        if (!Files.exists(root)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> root.relativize(file).toString())
                    .toList();
        }
    }
}
