package dev.supermachine.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import dev.supermachine.oci.TestImage.Form;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ContentStoreTest extends RegistryTest {

    @Test
    void isForItsOwnerOnly() throws IOException {
        registry.serve(TestImage.of(Form.GZIP));
        pull();
        try (Stream<Path> paths = Files.walk(store.root())) {
            assertThat(paths)
                    .hasSizeGreaterThan(9)
                    .allSatisfy(path -> assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                            .as(path.toString())
                            .isEqualTo(Files.isDirectory(path) ? "rwx------" : "rw-------"));
        }
    }

    @Test
    void refusesADirectoryThatOthersMayWriteTo() throws IOException {
        Path open = Files.createDirectory(temp.resolve("open"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThatThrownBy(() -> new ContentStore(open))
                .isInstanceOf(ImageException.class)
                .hasMessage("The image cache " + open
                        + " can be written by others than its owner (rwxrwxrwx), so its content cannot be trusted. Run: chmod 700 "
                        + open);
        Path file = Files.createFile(temp.resolve("file"));
        assertThatThrownBy(() -> new ContentStore(file))
                .hasMessageStartingWith("The image cache " + file + " cannot be opened: ");
    }

    @Test
    void nothingEmptyIsLeftByAnInterrupt() throws IOException {
        Digest digest = Digest.of("blob".getBytes(StandardCharsets.UTF_8));
        for (String content : List.of("", "begun")) {
            try (TemporaryFiles.Temporary part = store.part(digest).orElseThrow()) {
                part.channel().write(ByteBuffer.wrap(content.getBytes(StandardCharsets.UTF_8)));
                part.keep();
                Thread.currentThread().interrupt();
            } finally {
                assertThat(Thread.interrupted()).isTrue();
            }
            assertThat(StoreContent.parts(store.root())).hasSize(content.isEmpty() ? 0 : 1);
        }
    }

    @Test
    void sweepsWhatDeadProcessesLeftAndNothingElse() throws IOException {
        Path tmp = store.root().resolve("tmp");
        Path dead = Files.createFile(tmp.resolve("dead.part"));
        Path other = Files.createFile(tmp.resolve("other"));
        try (TemporaryFiles.Temporary inUse = store.temporary().create()) {
            assertThat(new ContentStore(store.root()).root()).isEqualTo(store.root());
            assertThat(dead).doesNotExist();
            assertThat(List.of(other, inUse.path()))
                    .allSatisfy(path -> assertThat(path).exists());
        }
    }

    @Test
    void aLayerDamagedOnDiskIsNoticedRemovedAndFetchedAgain() throws IOException {
        for (Form form : Form.values()) {
            TestImage image = TestImage.of(form);
            registry.serve(image);
            PulledImage pulled = pull(registry.source(), PullPolicy.ALWAYS);
            Path blob = store.blob(image.layerDigest(0));
            byte[] bytes = Files.readAllBytes(blob);
            bytes[bytes.length - 6] ^= 4;
            Files.write(blob, bytes);

            assertThatThrownBy(() -> {
                        try (InputStream tar = pulled.layers().get(0).openTar()) {
                            tar.readAllBytes();
                        }
                    })
                    .as(form.name())
                    .isInstanceOf(ImageException.class)
                    .hasMessageStartingWith(
                            "Layer " + image.layerDigest(0) + " was damaged in the image cache: " + blob + ": ")
                    .hasMessageEndingWith(
                            "It was removed from the cache; pull again. If this repeats, check the disk.");
            assertThat(blob).doesNotExist();
            assertThatThrownBy(() -> pulled.layers().get(0).openTar().close())
                    .hasMessage("Layer " + image.layerDigest(0) + " is no longer in the image cache: " + blob
                            + " was deleted after the image was pulled. Pull again.");

            LocalImagesTest.assertLayers(pull(), image);
        }
    }

    @Test
    void damagedRecordsAndManifestsAreMissesNotErrors() throws IOException {
        TestImage image = TestImage.of(Form.GZIP);
        registry.serve(image);
        PulledImage pulled = pull();
        List<Path> files = new ArrayList<>();
        files.add(store.blob(Digest.of(image.manifest())));
        files.add(store.blob(Digest.of(image.configBytes())));
        files.add(store.root().resolve("diff-ids/sha256/" + image.layerDigest(0).hex()));
        try (Stream<Path> refs = Files.list(store.root().resolve("refs"))) {
            refs.forEach(files::add);
        }
        assertThat(files).hasSize(4);
        for (Path file : files) {
            Files.writeString(file, "{");
            PulledImage again = pull();
            assertThat(again.fromCache()).as(file.toString()).isFalse();
            assertThat(again.manifestDigest()).isEqualTo(pulled.manifestDigest());
            assertThat(pull().fromCache()).as(file.toString()).isTrue();
        }
    }

    @Test
    void aSecondImageMayNotLieAboutALayerThatIsThere() {
        TestImage honest = TestImage.of(Form.GZIP);
        registry.serve(honest);
        pull();
        TestImage liar = TestImage.of(Form.GZIP);
        liar.setDiffId(0, Digest.of(new byte[] {1}));
        registry.serve(liar);
        assertThatThrownBy(() -> pull(registry.source(), PullPolicy.ALWAYS))
                .hasMessageContaining(
                        "expected diff_id " + Digest.of(new byte[] {1}) + ", found " + Digest.of(honest.tars.get(0)));
        assertThat(pull().fromCache()).isTrue();
    }

    @Test
    void manyMayPullTheSameAtOnce() throws IOException, InterruptedException, ExecutionException, TimeoutException {
        TestImage image = TestImage.of(Form.GZIP, Form.ZSTD, Form.PLAIN, Form.GZIP_MEMBERS, Form.GZIP);
        registry.serve(image);
        int threads = 8;
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            CyclicBarrier start = new CyclicBarrier(threads);
            List<Future<PulledImage>> pulls = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                pulls.add(executor.submit(() -> {
                    ContentStore own = new ContentStore(store.root());
                    start.await(30, TimeUnit.SECONDS);
                    return new ImagePuller(own, PullListener.SILENT, settings)
                            .pull(registry.source(), Platform.LINUX_AMD64, PullPolicy.IF_MISSING);
                }));
            }
            for (Future<PulledImage> pull : pulls) {
                LocalImagesTest.assertLayers(pull.get(60, TimeUnit.SECONDS), image);
            }
        } finally {
            executor.shutdownNow();
        }
        assertThat(store.root().resolve("tmp")).isEmptyDirectory();
        assertThat(pull().fromCache()).isTrue();
    }
}
