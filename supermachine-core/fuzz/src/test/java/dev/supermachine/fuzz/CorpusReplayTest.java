package dev.supermachine.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandle;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** Runs every target once over every input of its corpus: the seeds that fuzzing begins with, and whatever it has found. */
class CorpusReplayTest {

    /** Keeps the resources small; inputs are synthetic and made small before they are committed. */
    private static final long MAX_CORPUS_BYTES = 200 * 1024;

    @TestFactory
    @Timeout(value = 300, threadMode = ThreadMode.SEPARATE_THREAD)
    Stream<DynamicContainer> everyInputOfEveryTarget() {
        return Targets.all().entrySet().stream()
                .map(target -> DynamicContainer.dynamicContainer(
                        target.getKey(),
                        inputs(target.getKey()).stream()
                                .map(input -> DynamicTest.dynamicTest(
                                        target.getKey() + "/" + input.getFileName(),
                                        () -> run(target.getValue(), Files.readAllBytes(input))))));
    }

    @Test
    void everyTargetHasSeedsAndEveryCorpusATarget() {
        assertThat(Targets.all()).isNotEmpty();
        assertThat(Targets.all().keySet())
                .allSatisfy(
                        name -> assertThat(inputs(name)).as("seeds of %s", name).isNotEmpty());
        assertThat(files(corpus()).map(path -> path.getFileName().toString()))
                .containsExactlyInAnyOrderElementsOf(Targets.all().keySet());
    }

    @Test
    void theCorpusIsSmall() throws IOException {
        try (Stream<Path> all = Files.walk(corpus())) {
            long bytes = all.filter(Files::isRegularFile)
                    .mapToLong(path -> path.toFile().length())
                    .sum();
            assertThat(bytes).isBetween(1L, MAX_CORPUS_BYTES);
        }
    }

    private static void run(MethodHandle target, byte[] input) throws Throwable {
        target.invokeExact(input);
    }

    private static List<Path> inputs(String target) {
        Path directory = corpus().resolve(target);
        return Files.isDirectory(directory) ? files(directory).sorted().toList() : List.of();
    }

    private static Stream<Path> files(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path corpus() {
        URL corpus = CorpusReplayTest.class.getResource("/corpus");
        if (corpus == null) {
            throw new IllegalStateException("The resource /corpus is not on the class path");
        }
        try {
            return Path.of(corpus.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
