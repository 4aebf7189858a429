package dev.supermachine.rootfs;

import dev.supermachine.ImageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The program of a child JVM with a small heap: {@code TARGET LAYER…}, a layer being a tar file, {@code synthetic:MIB:FILES} or {@code entries:COUNT:KIND}.
 * Writes size, hash, inode count and milliseconds taken to {@code TARGET.result}, or why the layers were refused to {@code TARGET.refused}.
 */
final class BuildInSmallHeap {

    private BuildInSmallHeap() {}

    public static void main(String[] args) throws IOException {
        Path target = Path.of(args[0]);
        List<LayerSource> layers = new ArrayList<>();
        for (int i = 1; i < args.length; i++) {
            layers.add(layer(args[i]));
        }
        long start = System.nanoTime();
        RootfsResult result;
        try {
            result = RootfsBuilder.build(layers, target, RootfsLimits.defaults());
        } catch (ImageException e) {
            Files.writeString(Path.of(target + ".refused"), String.valueOf(e.getMessage()));
            return;
        }
        long millis = (System.nanoTime() - start) / 1_000_000;
        Files.writeString(
                Path.of(target + ".result"),
                String.format(
                        Locale.ROOT, "%d %s %d %d", result.sizeBytes(), result.sha256(), result.inodeCount(), millis));
    }

    private static LayerSource layer(String text) {
        if (text.startsWith("synthetic:")) {
            return SyntheticLayer.parse(text);
        }
        return text.startsWith("entries:") ? ManyEntriesLayer.parse(text) : file(Path.of(text));
    }

    static LayerSource file(Path tar) {
        return new LayerSource() {
            @Override
            public String diffId() {
                return "sha256:" + tar.getFileName();
            }

            @Override
            public InputStream open() throws IOException {
                return Files.newInputStream(tar);
            }
        };
    }
}
