package dev.supermachine.rootfs;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import dev.supermachine.tar.TarReader;
import dev.supermachine.tar.TarSpec;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** What is said about layers that are wrong as archives. */
class LayerErrorsTest {

    private static final LayerErrors ERRORS = new LayerErrors("sha256:feed");
    private static final byte[] TAR = TarSpec.archive(TarSpec.file("a", "x".repeat(600)));

    private static TarReader reader(byte[] tar, long maxBytes) {
        return new TarReader(new ByteArrayInputStream(tar), ERRORS, maxBytes);
    }

    @Test
    void tooLarge() {
        assertThatThrownBy(() -> reader(TAR, 1000).next())
                .isInstanceOf(ImageException.class)
                .hasMessage(
                        "Layer sha256:feed, entry \"a\": the layers hold at least 1112 bytes uncompressed, but the limit"
                                + " for one image is 1000 (supermachine.image.max.bytes). The layer may be a decompression"
                                + " bomb; if the image is meant to be so large, raise that setting.");
    }

    @Test
    void cutShort() {
        TarReader reader = reader(Arrays.copyOf(TAR, 700), 10_000);
        reader.next();
        assertThatThrownBy(reader::next)
                .isInstanceOf(ImageException.class)
                .hasMessageMatching("Layer sha256:feed: the archive ends after byte \\d+ in the middle of an entry\\."
                        + " It was cut short; pull the image again\\.");
    }

    @Test
    void noTar() {
        assertThatThrownBy(
                        () -> reader("text ".repeat(200).getBytes(java.nio.charset.StandardCharsets.US_ASCII), 10_000)
                                .next())
                .isInstanceOf(ImageException.class)
                .hasMessageStartingWith("Layer sha256:feed, entry \"text text ")
                .hasMessageEndingWith("The layer is damaged or not a tar archive.");
    }

    @Test
    void sparse() {
        byte[] tar = TarSpec.archive(TarSpec.of('S', "hole").gnu());
        assertThatThrownBy(() -> reader(tar, 10_000).next())
                .isInstanceOf(ImageException.class)
                .hasMessage(
                        "Layer sha256:feed, entry \"hole\": is a sparse file, which is not supported. Build the layer"
                                + " without sparse files (GNU tar: without --sparse).");
    }

    @Test
    void unreadable() {
        InputStream failing = TarSpec.failing("disk on fire");
        assertThatThrownBy(() -> new TarReader(failing, ERRORS, 10_000).next())
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer sha256:feed: cannot be read: disk on fire")
                .hasCauseInstanceOf(IOException.class);
    }

    @Test
    void whatALibraryQuotesForgesNoLine() {
        InputStream failing = TarSpec.failing("found 'a\nb\u001b[2J\u202e" + "c".repeat(1000));
        assertThatThrownBy(() -> new TarReader(failing, ERRORS, 10_000).next())
                .isInstanceOf(ImageException.class)
                .hasMessage("Layer sha256:feed: cannot be read: found 'a?b?[2J?" + "c".repeat(485) + "...");
    }
}
