package dev.supermachine.rootfs;

import dev.supermachine.ImageException;
import dev.supermachine.tar.TarEntry;
import dev.supermachine.tar.TarReader;
import dev.supermachine.tar.TarSpec;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;

/** The program of a child JVM: {@code RESULT FIRST-SEED ROUNDS}. Damages an archive in each round; writes how many were refused. */
final class TarFuzzLoop {

    private TarFuzzLoop() {}

    public static void main(String[] args) throws IOException {
        long firstSeed = Long.parseLong(args[1]);
        long rounds = Long.parseLong(args[2]);
        byte[] whole = archive();
        long refused = 0;
        for (long seed = firstSeed; seed < firstSeed + rounds; seed++) {
            byte[] damaged = damage(whole, new Random(seed));
            try {
                read(damaged);
            } catch (ImageException e) {
                if (e.getMessage() == null || !e.getMessage().startsWith("Layer sha256:fuzz")) {
                    throw new IllegalStateException("The message does not name the layer, seed " + seed, e);
                }
                refused++;
            } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
                throw new IllegalStateException("Seed " + seed, e);
            }
        }
        Files.writeString(Path.of(args[0]), Long.toString(refused));
    }

    private static void read(byte[] tar) {
        LayerErrors errors = new LayerErrors("sha256:fuzz");
        LayerMerge merge = new LayerMerge();
        merge.beginLayer(errors);
        TarReader reader = new TarReader(new ByteArrayInputStream(tar), errors, 1 << 24);
        byte[] buffer = new byte[512];
        for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
            int count = 0;
            while (entry.size() % 2 == 1 && count >= 0) {
                count = reader.read(buffer, 0, buffer.length);
            }
            merge.apply(entry);
        }
        for (ErofsLayout.Directory directory : new ErofsLayout(merge.root()).directories()) {
            new ErofsDirectory(directory.self(), directory.parent()).content((int) directory.self().size);
        }
    }

    private static byte[] archive() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        TarSpec[] specs = {
            TarSpec.of('g', "global").content(TarSpec.paxData(Map.of("comment", "all"))),
            TarSpec.directory("./"),
            TarSpec.directory("d/").xattr("user.x", "value").pax("mtime", "12.5"),
            TarSpec.file("d/f", "content".repeat(100)).owner(5_000_000, 1),
            TarSpec.symlink("l", "d"),
            TarSpec.file("l/g", "x"),
            TarSpec.hardLink("h", "d/f"),
            TarSpec.file("long/".repeat(40) + "name", "1").gnu(),
            TarSpec.symlink("m", "target/".repeat(30)).gnu(),
            TarSpec.file("p/".repeat(80) + "q", "2"),
            TarSpec.device('3', "c", 1, 3),
            TarSpec.file("d/.wh.f", ""),
            TarSpec.file("p/.wh..wh..opq", ""),
            TarSpec.file("big", "").gnu().owner(1L << 31, 0).mtime(-1),
        };
        for (TarSpec spec : specs) {
            out.writeBytes(spec.bytes());
        }
        out.writeBytes(new byte[1024]);
        return out.toByteArray();
    }

    private static byte[] damage(byte[] whole, Random random) {
        byte[] tar = whole.clone();
        if (random.nextInt(6) == 0) {
            tar = Arrays.copyOf(tar, random.nextInt(tar.length));
        }
        for (int i = random.nextInt(4); i > 0 && tar.length > 512; i--) {
            int block = random.nextInt(tar.length / 512) * 512;
            int at = block + (random.nextBoolean() ? 100 + random.nextInt(250) : random.nextInt(512));
            boolean header = sumIsRight(tar, block);
            switch (random.nextInt(4)) {
                case 0 -> tar[at] = (byte) random.nextInt(256);
                case 1 -> tar[at] ^= (byte) (1 << random.nextInt(8));
                case 2 -> tar[at] = (byte) "0179xgLKS./\0\n= ".charAt(random.nextInt(15));
                default -> {
                    int other = random.nextInt(tar.length / 512) * 512;
                    System.arraycopy(tar, other, tar, block, 512);
                }
            }
            // Mostly as a writer with bad intentions would: with a checksum that is right.
            if (header && random.nextInt(10) > 0) {
                System.arraycopy(TarSpec.withChecksum(Arrays.copyOfRange(tar, block, block + 512)), 0, tar, block, 512);
            }
        }
        return tar;
    }

    private static boolean sumIsRight(byte[] tar, int block) {
        byte[] copy = Arrays.copyOfRange(tar, block, block + 512);
        return Arrays.equals(TarSpec.withChecksum(copy.clone()), copy);
    }
}
