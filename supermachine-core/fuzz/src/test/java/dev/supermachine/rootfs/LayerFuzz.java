package dev.supermachine.rootfs;

import dev.supermachine.ImageException;
import dev.supermachine.fuzz.Oracle;
import dev.supermachine.fuzz.Scratch;
import dev.supermachine.tar.TarRepair;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Any bytes as the layers of an image, through the merge and the EROFS writer: one file of the announced size, the same one a second time, or a refusal
 * that leaves nothing behind. A block that begins with {@value #NEXT} ends a layer.
 */
public final class LayerFuzz {

    private static final String NEXT = "NEXT LAYER";
    private static final int BLOCK = 512;
    private static final int MAX_LAYERS = 8;
    private static final RootfsLimits LIMITS = new RootfsLimits(4 << 20, 2000);
    private static final Path DIRECTORY = Scratch.directory("fuzz-layers");

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Bytes(String diffId, byte[] tar) implements LayerSource {
        @Override
        public InputStream open() {
            return new ByteArrayInputStream(tar);
        }
    }

    private LayerFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        List<LayerSource> layers = layers(input);
        Path target = DIRECTORY.resolve("image");
        try {
            RootfsResult result = RootfsBuilder.build(layers, target, LIMITS);
            Oracle.requireEqual(Files.size(target), result.sizeBytes(), "size of the image");
            Oracle.require(result.sizeBytes() % 4096 == 0, "a size of " + result.sizeBytes());
            Oracle.require(result.inodeCount() >= 1 && result.inodeCount() < 200_000, result.inodeCount() + " inodes");
            Oracle.requireEqual(result, RootfsBuilder.build(layers, target, LIMITS), "the same layers once more");
            Files.delete(target);
        } catch (ImageException e) {
            Oracle.requireGoodMessage(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Oracle.requireEqual(List.of(" directory"), Scratch.listing(DIRECTORY), "what is left");
    }

    private static List<LayerSource> layers(byte[] input) {
        byte[] next = NEXT.getBytes(StandardCharsets.US_ASCII);
        List<LayerSource> layers = new ArrayList<>();
        int from = 0;
        for (int at = 0; at + BLOCK <= input.length && layers.size() < MAX_LAYERS - 1; at += BLOCK) {
            if (Arrays.equals(input, at, at + next.length, next, 0, next.length)) {
                add(layers, Arrays.copyOfRange(input, from, at));
                from = at + BLOCK;
            }
        }
        add(layers, Arrays.copyOfRange(input, from, input.length));
        return layers;
    }

    private static void add(List<LayerSource> layers, byte[] tar) {
        layers.add(new Bytes("sha256:" + layers.size(), TarRepair.checksums(tar)));
    }
}
