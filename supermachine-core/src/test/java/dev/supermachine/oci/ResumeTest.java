package dev.supermachine.oci;

import static dev.supermachine.oci.FakeRegistry.blob;
import static dev.supermachine.oci.FakeRegistry.broken;
import static dev.supermachine.oci.FakeRegistry.error;
import static dev.supermachine.oci.FakeRegistry.inTurn;
import static dev.supermachine.oci.FakeRegistry.ok;
import static dev.supermachine.oci.FakeRegistry.ranged;
import static dev.supermachine.oci.FakeRegistry.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.ImageException;
import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import dev.supermachine.oci.FakeRegistry.Answer;
import dev.supermachine.oci.FakeRegistry.Request;
import dev.supermachine.oci.TestImage.Form;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Layers whose transfer breaks off, and how they go on: in the same pull, and in the next. */
class ResumeTest extends RegistryTest {

    private final TestImage image = new TestImage("amd64");
    private byte[] whole;
    private Digest digest;

    @BeforeEach
    void serveALargeLayer() {
        byte[] content = new byte[300_000];
        Seeds.random(0).nextBytes(content);
        image.layer(TestImage.tar(Map.of("random", content)), Form.GZIP);
        whole = image.layerBytes(0);
        digest = image.layerDigest(0);
        registry.serve(image);
    }

    @Test
    void goesOnWhereTheConnectionBroke() throws IOException {
        registry.on(blob(digest), ranged(whole, 100_000));
        List<Long> progress = new ArrayList<>();
        PullListener listener = new PullListener() {
            @Override
            public void blobProgress(String blob, long done, long size) {
                progress.add(done);
            }
        };

        PulledImage pulled = new ImagePuller(store, listener, settings)
                .pull(registry.source(), Platform.LINUX_AMD64, PullPolicy.IF_MISSING);

        LocalImagesTest.assertLayers(pulled, image);
        assertThat(ranges()).containsExactly("", "bytes=100000-", "bytes=200000-", "bytes=300000-");
        assertThat(progress).isSorted().doesNotHaveDuplicates().endsWith((long) whole.length);
        assertThat(StoreContent.parts(store.root())).isEmpty();
    }

    @Test
    void goesOnAsLongAsSomethingComes() throws IOException {
        registry.on(blob(digest), ranged(whole, 65_536));
        settings = settings.withRetries(new RetryPolicy(1, Duration.ZERO, Duration.ZERO, Duration.ZERO));
        LocalImagesTest.assertLayers(pull(), image);
        assertThat(ranges()).hasSize(whole.length / 65_536 + 1).hasSizeGreaterThan(4);
    }

    @Test
    void givesUpWhenNothingComesAndGoesOnInTheNextPull() throws IOException {
        registry.on(blob(digest), inTurn(ranged(whole, 100_000), ranged(whole, 3)));
        assertThatThrownBy(() -> pull())
                .isInstanceOf(ImageException.class)
                .hasMessageStartingWith("Cannot pull " + name() + ": " + registry.url(blob(digest))
                        + " broke off: expected " + whole.length + " bytes, found 100015 (")
                .hasMessageContaining("). It was asked 6 times in ")
                .hasMessageEndingWith(
                        " ms. Pull again: what is complete is not fetched twice, and what broke off goes on where it did.");
        StoreContent.assertNothingUnverified(store.root(), image);
        assertThat(StoreContent.parts(store.root())).containsExactly(digest.hex());

        registry.requests().clear();
        registry.on(blob(digest), ranged(whole, whole.length));
        store = new ContentStore(store.root());
        LocalImagesTest.assertLayers(pull(), image);
        assertThat(ranges()).containsExactly("bytes=100015-");
        assertThat(StoreContent.parts(store.root())).isEmpty();
    }

    @Test
    void goesOnAfterSilence() throws IOException {
        impatient();
        CountDownLatch over = new CountDownLatch(1);
        registry.on(
                blob(digest),
                inTurn(
                        exchange -> {
                            broken(whole, 70_000).send(exchange);
                            awaitQuietly(over);
                        },
                        ranged(whole, whole.length)));
        LocalImagesTest.assertLayers(pull(), image);
        assertThat(ranges()).containsExactly("", "bytes=70000-");
        over.countDown();
    }

    @Test
    void aPullThatIsInterruptedLeavesWhatItHas() throws InterruptedException, IOException {
        CountDownLatch over = new CountDownLatch(1);
        registry.on(
                blob(digest),
                inTurn(
                        exchange -> {
                            broken(whole, 70_000).send(exchange);
                            awaitQuietly(over);
                        },
                        ranged(whole, whole.length)));
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread puller = new Thread(() -> {
            try {
                pull();
            } catch (ImageException e) {
                failure.set(e);
            }
        });
        puller.start();
        Path part = store.root().resolve("parts/" + digest.hex() + ".part");
        await().until(() -> Files.exists(part) && Files.size(part) == 70_000);
        puller.interrupt();
        puller.join();
        assertThat(failure.get()).hasMessageStartingWith("Cannot pull " + name() + ": interrupted");
        over.countDown();
        StoreContent.assertNothingUnverified(store.root(), image);
        LocalImagesTest.assertLayers(pull(), image);
        assertThat(ranges()).containsExactly("", "bytes=70000-");
    }

    @Test
    void beginsAnewWhereRangesAreUnknown() throws IOException {
        registry.on(
                blob(digest),
                inTurn(
                        broken(whole, 100_000),
                        broken(whole, 50_000),
                        broken(whole, 200_000),
                        broken(whole, whole.length)));
        LocalImagesTest.assertLayers(pull(), image);
        assertThat(ranges()).containsExactly("", "bytes=100000-", "bytes=100000-", "bytes=200000-");
    }

    @Test
    void aTransferThatLacksNothingButItsEndIsComplete() throws IOException {
        registry.on(blob(digest), exchange -> {
            exchange.sendResponseHeaders(200, whole.length + 1L);
            exchange.getResponseBody().write(whole);
            exchange.getResponseBody().flush();
        });
        LocalImagesTest.assertLayers(pull(), image);
        assertThat(ranges()).containsExactly("");
    }

    @Test
    void refusesAnotherPartThanItAskedFor() {
        String range = "bytes 0-" + (whole.length - 1) + "/" + whole.length;
        Answer other = status(206, Map.of("Content-Range", range), whole);
        registry.on(blob(digest), inTurn(ranged(whole, 100_000), other));
        assertThatThrownBy(() -> pull())
                .hasMessage(
                        "Cannot pull " + name() + ": GET " + registry.url(blob(digest))
                                + " was asked for 'bytes 100000-" + (whole.length - 1) + "/" + whole.length
                                + "' and answered 206 with '" + range
                                + "'. Nothing was stored. Pull again, which begins anew; if it stays, a proxy in between may be at fault.");
        assertThat(StoreContent.parts(store.root())).isEmpty();
    }

    @Test
    void refusesAPartItDidNotAskFor() {
        registry.on(
                blob(digest),
                status(206, Map.of("Content-Range", "bytes 0-" + (whole.length - 1) + "/" + whole.length), whole));
        assertThatThrownBy(() -> pull()).hasMessageContaining(" answered 206, expected 200.");
    }

    @Test
    void whatServersDoToAPartOfAnEarlierPullCannotKeepItFromSucceeding() throws IOException {
        Answer wrongRange = status(206, Map.of("Content-Range", "bytes 0-9/10"), whole);
        Answer tooShort = ok("application/octet-stream", Arrays.copyOf(whole, 10));
        for (Answer first : new Answer[] {wrongRange, tooShort, error(416, Map.of(), "RANGE", "no")}) {
            leave(Arrays.copyOf(whole, 1000));
            registry.requests().clear();
            registry.on(blob(digest), inTurn(first, ok("application/octet-stream", whole)));
            LocalImagesTest.assertLayers(pull(registry.source(), PullPolicy.ALWAYS), image);
            assertThat(ranges()).containsExactly("bytes=1000-", "");
            store.discard(digest);
        }
    }

    @Test
    void aDamagedPartIsThrownAway() throws IOException {
        for (int damage : new int[] {0, 5_000, 99_999}) {
            byte[] part = Arrays.copyOf(whole, 100_000);
            part[damage] ^= 1;
            leave(part);
            registry.requests().clear();
            registry.on(blob(digest), ranged(whole, whole.length));
            LocalImagesTest.assertLayers(pull(registry.source(), PullPolicy.ALWAYS), image);
            assertThat(ranges()).containsExactly("bytes=100000-", "");
            store.discard(digest);
        }
    }

    @Test
    void aPartThatIsCompleteNeedsNoRequestAndOneThatIsLongerIsOfNoUse() throws IOException {
        registry.on(blob(digest), ranged(whole, whole.length));
        leave(whole);
        LocalImagesTest.assertLayers(pull(), image);
        assertThat(ranges()).isEmpty();
        store.discard(digest);

        leave(TestImage.join(whole, new byte[] {1}));
        LocalImagesTest.assertLayers(pull(), image);
        assertThat(ranges()).containsExactly("");
    }

    @Test
    void aLayerWithTheWrongContentLeavesNoPart() {
        byte[] wrong = whole.clone();
        wrong[wrong.length - 1] ^= 1;
        registry.on(blob(digest), inTurn(ranged(whole, 100_000), ranged(wrong, wrong.length)));
        assertThatThrownBy(() -> pull()).hasMessageContaining(" is not what its name promises: expected " + digest);
        assertThat(StoreContent.parts(store.root())).isEmpty();
        StoreContent.assertNothingUnverified(store.root(), image);
    }

    @Test
    void aPartThatSomebodyElseWritesIsHis() throws IOException {
        try (TemporaryFiles.Temporary his = store.part(digest).orElseThrow()) {
            his.channel().write(ByteBuffer.wrap(whole, 0, 1_000));
            registry.on(blob(digest), ranged(whole, 100_000));
            LocalImagesTest.assertLayers(pull(), image);
            assertThat(ranges()).startsWith("", "bytes=100000-");
            assertThat(Files.size(his.path())).isEqualTo(1_000);
            store.discard(digest);

            registry.on(blob(digest), ranged(whole, 3));
            assertThatThrownBy(() -> pull()).hasMessageContaining(" broke off: ");
            assertThat(store.root().resolve("tmp")).isEmptyDirectory();
            assertThat(Files.size(his.path())).isEqualTo(1_000);
        }
        assertThat(StoreContent.parts(store.root())).isEmpty();
    }

    @Test
    void aPartThatNobodyAsksForIsRemovedInTheEnd() throws IOException {
        Path part = leave(new byte[10]);
        Files.setLastModifiedTime(part, FileTime.from(Instant.now().minus(Duration.ofDays(6))));
        assertThat(new ContentStore(store.root()).root().resolve("parts")).isNotEmptyDirectory();
        Files.setLastModifiedTime(part, FileTime.from(Instant.now().minus(Duration.ofDays(8))));
        try (TemporaryFiles.Temporary inUse = store.part(digest).orElseThrow()) {
            inUse.keep();
            assertThat(new ContentStore(store.root()).root().resolve("parts")).isNotEmptyDirectory();
        }
        assertThat(new ContentStore(store.root()).root().resolve("parts")).isEmptyDirectory();
    }

    /** Whatever a registry does: each pull either ends well or leaves what the next goes on with, and an honest registry ends it. */
    @Test
    void anyOrderOfMishapsEndsWell() throws IOException {
        for (int i = 0; i < 40; i++) {
            Random random = Seeds.random(i);
            int seed = i;
            registry.on(blob(digest), exchange -> mishap(random).send(exchange));
            settings = settings.withRetries(
                    new RetryPolicy(random.nextInt(3), Duration.ZERO, Duration.ZERO, Duration.ZERO));
            for (int pulls = 0; pulls < 3 && !store.contains(digest, whole.length); pulls++) {
                try {
                    pull(registry.source(), PullPolicy.ALWAYS);
                } catch (ImageException e) {
                    assertThat(e).as("seed %d", seed).hasMessageStartingWith("Cannot pull " + name() + ": ");
                }
                StoreContent.assertNothingUnverified(store.root(), image);
            }
            registry.on(blob(digest), ranged(whole, whole.length));
            LocalImagesTest.assertLayers(pull(registry.source(), PullPolicy.ALWAYS), image);
            assertThat(StoreContent.parts(store.root())).as("seed %d", seed).isEmpty();
            store.discard(digest);
        }
    }

    private Answer mishap(Random random) {
        synchronized (random) {
            int bytes = random.nextInt(whole.length);
            return switch (random.nextInt(7)) {
                case 0 -> broken(whole, bytes);
                case 1 -> error(random.nextBoolean() ? 503 : 429, Map.of("Retry-After", "0"), "BUSY", "busy");
                case 2 -> status(206, Map.of("Content-Range", "bytes 1-2/3"), new byte[2]);
                case 3 -> ok("application/octet-stream", Arrays.copyOf(whole, bytes + 1));
                case 4 -> exchange -> {};
                default -> ranged(whole, bytes);
            };
        }
    }

    private List<String> ranges() {
        return registry.requests().stream()
                .filter(request -> request.path().equals(blob(digest)))
                .map(Request::range)
                .toList();
    }

    private Path leave(byte[] bytes) throws IOException {
        return Files.write(store.root().resolve("parts/" + digest.hex() + ".part"), bytes);
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
