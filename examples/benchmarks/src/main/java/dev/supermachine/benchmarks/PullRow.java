package dev.supermachine.benchmarks;

import java.nio.file.Path;
import java.util.List;

/** From an image in a registry to one file system, with empty caches, each as processes of its own from start to end. */
final class PullRow implements Benchmark {

    private static final String HEAP = "-Xmx128m";

    @Override
    public String name() {
        return "pull-flatten";
    }

    @Override
    public String what() {
        return "pull and flatten an image of 400 MB (--quick: 40 MB) on a heap of 128 MB";
    }

    @Override
    public List<Row> run(Stage stage) throws Exception {
        Samples ours = new Samples();
        Samples peers = new Samples();
        Path directory = Stage.scratch();
        try (LoopbackRegistry registry = LoopbackRegistry.start(stage.registryProgram(), directory)) {
            Path layout = directory.resolve("layout");
            SyntheticImage.write(layout, stage.count(400, 40) * 1_000_000L);
            String reference = registry.address() + "/image:" + SyntheticImage.TAG;
            Programs.run(
                    "skopeo",
                    "--insecure-policy",
                    "copy",
                    "-q",
                    "--dest-tls-verify=false",
                    "oci:" + layout + ":" + SyntheticImage.TAG,
                    "docker://" + reference);
            Stage.interleave(stage.count(7, 2), () -> ours(reference, ours), () -> peers(reference, peers));
        } finally {
            Stage.delete(directory);
        }
        return List.of(new Row(name(), "ms", ours, "skopeo copy + umoci unpack", peers, Goal.timesThePeer(1)));
    }

    private static void ours(String reference, Samples samples) throws Exception {
        Path scratch = Stage.scratch();
        long start = System.nanoTime();
        Programs.run(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                HEAP,
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                PullAndFlatten.class.getName(),
                reference,
                scratch.toString());
        samples.addMillisSince(start);
        Stage.delete(scratch);
    }

    private static void peers(String reference, Samples samples) throws Exception {
        Path scratch = Stage.scratch();
        String layout = scratch.resolve("layout") + ":" + SyntheticImage.TAG;
        long start = System.nanoTime();
        Programs.run(
                "skopeo",
                "--insecure-policy",
                "copy",
                "-q",
                "--src-tls-verify=false",
                "docker://" + reference,
                "oci:" + layout);
        Programs.run(
                "umoci",
                "unpack",
                "--rootless",
                "--image",
                layout,
                scratch.resolve("bundle").toString());
        samples.addMillisSince(start);
        Stage.delete(scratch);
    }
}
