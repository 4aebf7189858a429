package dev.supermachine.rootfs;

import dev.supermachine.ImageException;
import dev.supermachine.tar.TarEntry;
import dev.supermachine.tar.TarReader;
import dev.supermachine.tar.TarSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Layers by chance from a seed: few names, so that entries collide, replace, hide and link each other. Only the last layer may end with an entry that
 * cannot be applied.
 */
final class RandomStack {

    private static final String[] NAMES = {"a", "b", "c", "d-e", "f.g", "!x", "\u00e9\u00ff", "long-" + "n".repeat(120)
    };
    private static final String[] LINKS = {"a", "../b", "/c", "c/d-e", "/", "..", "missing/x", "/a/../b", "./a//b"};

    private final Random random;
    private final List<List<TarSpec>> layers = new ArrayList<>();
    private boolean broken;

    RandomStack(long seed) {
        random = new Random(seed);
        int count = 1 + random.nextInt(4);
        for (int i = 0; i < count && !broken; i++) {
            addLayer(i == count - 1 && random.nextInt(4) == 0);
        }
    }

    List<TestLayer> layers() {
        return layers.stream().map(TestLayer::of).toList();
    }

    /** Whether the last entry is one that the merge refuses. */
    boolean broken() {
        return broken;
    }

    private void addLayer(boolean mayBreak) {
        List<TarSpec> layer = new ArrayList<>();
        layers.add(layer);
        if (random.nextInt(3) == 0) {
            layer.add(withXattrs(directory(TarSpec.directory("./"))));
        }
        int entries = 1 + random.nextInt(40);
        while (layer.size() < entries) {
            layer.add(next());
            if (!applies()) {
                if (mayBreak && random.nextInt(3) == 0) {
                    broken = true;
                    return;
                }
                layer.remove(layer.size() - 1);
            }
        }
    }

    private boolean applies() {
        LayerMerge merge = new LayerMerge();
        try {
            for (TestLayer layer : layers()) {
                LayerErrors errors = new LayerErrors(layer.diffId());
                merge.beginLayer(errors);
                TarReader reader = new TarReader(layer.open(), errors, Long.MAX_VALUE / 4);
                for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
                    merge.apply(entry);
                }
            }
            return true;
        } catch (ImageException e) {
            return false;
        }
    }

    private String path() {
        StringBuilder path = new StringBuilder(
                switch (random.nextInt(8)) {
                    case 0 -> "/";
                    case 1 -> "../";
                    case 2 -> "./";
                    default -> "";
                });
        int depth = 1 + random.nextInt(3);
        for (int i = 0; i < depth; i++) {
            path.append(i == 0 ? "" : random.nextInt(20) == 0 ? "//" : "/").append(NAMES[random.nextInt(NAMES.length)]);
        }
        return path.toString();
    }

    private TarSpec next() {
        String path = path();
        int slash = path.lastIndexOf('/') + 1;
        return switch (random.nextInt(16)) {
            case 0, 1, 2, 3 -> withXattrs(directory(TarSpec.directory(random.nextBoolean() ? path + "/" : path)));
            case 4, 5 -> metadata(TarSpec.symlink(path, LINKS[random.nextInt(LINKS.length)]));
            case 6, 7 -> TarSpec.hardLink(path, path());
            case 8 ->
                metadata(TarSpec.device(
                        random.nextBoolean() ? '3' : '4', path, 1 + random.nextInt(4000), random.nextInt(1 << 20)));
            case 9 -> metadata(TarSpec.of('6', path));
            case 10 -> TarSpec.file(path.substring(0, slash) + ".wh." + path.substring(slash), "");
            case 11 -> TarSpec.file(path.substring(0, slash) + ".wh..wh..opq", "");
            default -> withXattrs(metadata(TarSpec.of('0', path).content(content())));
        };
    }

    private byte[] content() {
        int[] sizes = {0, 1, 511, 512, 2048, 2049, 4095, 4096, 4097, random.nextInt(3000), random.nextInt(40_000)};
        byte[] content = new byte[sizes[random.nextInt(sizes.length)]];
        random.nextBytes(content);
        return content;
    }

    /** Without setgid: unpacking lets directories that no layer names inherit it and the group, by the host's rules and not those of layers. */
    private TarSpec directory(TarSpec spec) {
        return metadata(spec).mode(random.nextInt(010000) & ~02000);
    }

    private TarSpec metadata(TarSpec spec) {
        long[] ids = {0, 1000, 65534, 65536, 3_000_000, 4_294_967_294L};
        spec.mode(random.nextInt(010000)).owner(ids[random.nextInt(ids.length)], ids[random.nextInt(ids.length)]);
        spec.mtime(random.nextInt(1_700_000_000));
        switch (random.nextInt(4)) {
            case 0 -> spec.pax("mtime", random.nextInt(1_700_000_000) + "." + (1 + random.nextInt(999_999_999)));
            case 1 -> spec.gnu();
            case 2 -> spec.pax("mtime", "-" + random.nextInt(100_000) + ".25");
            default -> spec.pax("comment", "nothing");
        }
        return spec;
    }

    /** Attributes only where Linux lets them be set. */
    private TarSpec withXattrs(TarSpec spec) {
        if (random.nextInt(3) == 0) {
            spec.xattr("user.note", "n".repeat(1 + random.nextInt(300)));
        }
        if (random.nextInt(4) == 0) {
            spec.xattr("trusted.k\u00e4", "\0=\n\u00ff");
        }
        if (random.nextInt(5) == 0) {
            spec.xattr("security.capability", "\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        }
        return spec;
    }
}
