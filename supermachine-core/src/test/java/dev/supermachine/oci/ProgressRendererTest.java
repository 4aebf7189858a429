package dev.supermachine.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import dev.supermachine.oci.TestImage.Form;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProgressRendererTest {

    private static final String A = "sha256:" + "a".repeat(64);
    private static final String B = "sha256:" + "b".repeat(64);

    private final StringBuilder out = new StringBuilder();
    private final AtomicLong clock = new AtomicLong();

    @Test
    void writesLinesWhereThereIsNoTerminal() {
        play(new ProgressRenderer(out, false, true, clock::get));
        assertThat(out.toString().lines())
                .containsExactly(
                        "Pulling app:1 (2 layers, 3.0 MB)",
                        "  sha256:aaaaaaaaaaaa 1.0 MB in the cache",
                        "  sha256:bbbbbbbbbbbb 2.0 MB pulled",
                        "Pulled app:1 sha256:m");
    }

    @Test
    void drawsABarInATerminal() {
        play(new ProgressRenderer(out, true, false, clock::get));
        String full = "\rapp:1 [" + "#".repeat(30) + "] 3.0 MB / 3.0 MB";
        assertThat(out.toString())
                .doesNotContain("\u001b")
                .startsWith("\rapp:1 [" + "#".repeat(10) + " ".repeat(20) + "] 1.0 MB / 3.0 MB" + full)
                .endsWith("\r" + " ".repeat(full.length() - 1) + "\rPulled app:1 sha256:m\n");
    }

    @Test
    void redrawsAtMostTenTimesASecond() {
        ProgressRenderer renderer = new ProgressRenderer(out, true, false, clock::get);
        renderer.resolved("app:1", "sha256:m", List.of(A), 1_000);
        for (int i = 1; i <= 1_000; i++) {
            clock.addAndGet(1_000_000);
            renderer.blobProgress(A, i, 1_000);
        }
        assertThat(out.chars().filter(c -> c == '\r')).hasSize(10);
    }

    @Test
    void usesColourInATerminalUnlessToldNotTo() {
        play(ProgressRenderer.of(out, true, Map.of("TERM", "xterm")));
        assertThat(out.toString()).contains("\u001b[32m").contains("\u001b[0m");
        out.setLength(0);
        play(ProgressRenderer.of(out, true, Map.of("TERM", "xterm", "NO_COLOR", "1")));
        assertThat(out.toString()).contains("\r").doesNotContain("\u001b");
        out.setLength(0);
        play(ProgressRenderer.of(out, true, Map.of("TERM", "dumb")));
        assertThat(out.toString()).doesNotContain("\r").doesNotContain("\u001b");
    }

    @Test
    void showsARealPullAndKeepsQuietAboutTheCache(@TempDir Path temp) {
        Path layout = TestImage.write(
                temp.resolve("layout"), TestImage.of(Form.GZIP, Form.ZSTD).layout());
        ImageSource source = ImageSource.ociLayout(layout);
        ImagePuller puller =
                new ImagePuller(new ContentStore(temp.resolve("store")), new ProgressRenderer(out, false, false));
        puller.pull(source, Platform.LINUX_AMD64, PullPolicy.IF_MISSING);
        assertThat(out.toString().lines())
                .hasSize(4)
                .first()
                .asString()
                .startsWith("Pulling " + source + " (2 layers, ");
        out.setLength(0);
        puller.pull(source, Platform.LINUX_AMD64, PullPolicy.IF_MISSING);
        assertThat(out).isEmpty();
    }

    @Test
    void writesSizesForPeople() {
        assertThat(List.of(
                        Messages.size(999),
                        Messages.size(1_000),
                        Messages.size(999_960),
                        Messages.size(Long.MAX_VALUE)))
                .containsExactly("999 B", "1.0 kB", "1.0 MB", "9.2 EB");
    }

    private static void play(ProgressRenderer renderer) {
        renderer.resolved("app:1", "sha256:m", List.of(A, B), 3_000_000);
        renderer.blobFinished(A, 1_000_000, true);
        renderer.blobStarted(B, 2_000_000);
        renderer.blobProgress(B, 999_999, 2_000_000);
        renderer.blobFinished(B, 2_000_000, false);
        ImageConfig config = new ImageConfig(
                "linux",
                "amd64",
                "",
                List.of(),
                List.of(),
                Map.of(),
                "",
                "",
                "",
                Set.of(),
                Map.of(),
                Optional.empty(),
                List.of());
        renderer.finished(new PulledImage("app:1", "sha256:m", config, List.of(), false));
    }
}
