package dev.supermachine.rootfs;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The program of a child JVM with a small heap: {@code TARGET LAYER…}, a layer being a tar file or {@code synthetic:MIB:FILES}. Writes size, hash, inode
 * count and milliseconds taken to {@code TARGET.result}.
 */
final class BuildInSmallHeap {

    private BuildInSmallHeap() {}

    public static void main(String[] args) throws IOException {
        Path target = Path.of(args[0]);
        List<LayerSource> layers = new ArrayList<>();
        for (int i = 1; i < args.length; i++) {
            layers.add(args[i].startsWith("synthetic:") ? SyntheticLayer.parse(args[i]) : file(Path.of(args[i])));
        }
        long start = System.nanoTime();
        RootfsResult result = RootfsBuilder.build(layers, target, RootfsLimits.defaults());
        long millis = (System.nanoTime() - start) / 1_000_000;
        Files.writeString(
                Path.of(target + ".result"),
                String.format(
                        Locale.ROOT, "%d %s %d %d", result.sizeBytes(), result.sha256(), result.inodeCount(), millis));
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
