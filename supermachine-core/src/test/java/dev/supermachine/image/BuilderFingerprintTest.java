package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.OciImageBuilder;
import dev.supermachine.PullPolicy;
import dev.supermachine.VolumeSpec;
import dev.supermachine.Wait;
import dev.supermachine.bake.BakeRequest;
import dev.supermachine.bake.Baker;
import dev.supermachine.engine.Availability;
import dev.supermachine.engine.Capability;
import dev.supermachine.engine.Hypervisor;
import dev.supermachine.engine.Machine;
import dev.supermachine.engine.MachineSpec;
import dev.supermachine.engine.Prepared;
import dev.supermachine.engine.SnapshotSource;
import dev.supermachine.oci.PullListener;
import dev.supermachine.settings.Settings;
import dev.supermachine.snapshot.SnapshotStore;
import dev.supermachine.tar.TarSpec;
import dev.supermachine.tar.TarWriter;
import dev.supermachine.testing.OciLayout;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A setter changes the fingerprint exactly when the table in docs/builder.md says so. */
class BuilderFingerprintTest {

    private static final long SEED = Long.getLong("supermachine.test.seed", 20261128);

    @TempDir
    private Path directory;

    private Baker baker;
    private Path layout;

    @BeforeEach
    void makeBaker() throws IOException {
        Map<String, String> parameters =
                Map.of("supermachine.cache.dir", directory.resolve("cache").toString());
        Settings settings = Settings.withParameters(parameters::get);
        SnapshotStore store = new SnapshotStore(directory.resolve("store"), settings);
        baker = new Baker(settings, store, PullListener.SILENT, (machine, mib) -> () -> {});
        layout = layout("layout", "content");
    }

    /** A call of a setter, or several. */
    private interface Call {

        void on(OciImageBuilder builder);

        default Call andThen(Call next) {
            return builder -> {
                on(builder);
                next.on(builder);
            };
        }
    }

    /**
     * Calls of one setter.
     *
     * @param different each says something else than all others, and than a builder that was told nothing
     * @param same each says what a builder does that was told nothing
     */
    private record Calls(List<Call> different, List<Call> same) {

        static Calls different(Call... calls) {
            return new Calls(List.of(calls), List.of());
        }

        Calls same(Call... calls) {
            return new Calls(different, List.of(calls));
        }
    }

    /** Whoever adds a setter adds calls of it, and a line to the table. */
    private Map<String, Calls> calls() throws IOException {
        Path other = layout("other-layout", "other content");
        Path sameLayout = layout("same-layout", "content");
        Path archive = archive(layout, "layout.tar");
        Path otherArchive = archive(other, "other.tar");
        Path one = Files.writeString(directory.resolve("one"), "one");
        Path two = Files.writeString(directory.resolve("two"), "two");
        Map<String, Calls> calls = new HashMap<>();
        calls.put("withCmd", Calls.different(b -> b.withCmd("a"), b -> b.withCmd("a", ""), b -> b.withCmd("a", "b")));
        calls.put(
                "withEngine",
                Calls.different(b -> b.withEngine("kvm"), b -> b.withEngine("qemu-kvm"))
                        .same(b -> b.withEngine("qemu-tcg")));
        calls.put(
                "withEnv",
                Calls.different(
                        b -> b.withEnv("A", "1"),
                        b -> b.withEnv("A", "2"),
                        b -> b.withEnv("B", "1"),
                        b -> b.withEnv("A", "1").withEnv("B", "1")));
        calls.put(
                "withExtraFile",
                Calls.different(
                        b -> b.withExtraFile(one, "/f"),
                        b -> b.withExtraFile(two, "/f"),
                        b -> b.withExtraFile(one, "/g"),
                        b -> b.withExtraFile(one, "/f").withExtraFile(two, "/g")));
        calls.put(
                "withExtraKernelArg",
                Calls.different(
                        b -> b.withExtraKernelArg("a"),
                        b -> b.withExtraKernelArg("b"),
                        b -> b.withExtraKernelArg("a").withExtraKernelArg("b"),
                        b -> b.withExtraKernelArg("b").withExtraKernelArg("a"),
                        b -> b.withExtraKernelArg("a").withExtraKernelArg("a")));
        calls.put(
                "withGuestPort",
                Calls.different(b -> b.withGuestPort(81), b -> b.withGuestPort(1))
                        .same(b -> b.withGuestPort(80)));
        calls.put("withListenerRequired", Calls.different(OciImageBuilder::withListenerRequired));
        calls.put(
                "withMemoryMib",
                Calls.different(b -> b.withMemoryMib(128), b -> b.withMemoryMib(257))
                        .same(b -> b.withMemoryMib(256)));
        calls.put("withName", Calls.different(b -> b.withName("a"), b -> b.withName("b")));
        calls.put(
                "withOciArchive",
                Calls.different(b -> b.withOciArchive(otherArchive)).same(b -> b.withOciArchive(archive)));
        calls.put("withOciLayout", Calls.different(b -> b.withOciLayout(other)).same(b -> b.withOciLayout(sameLayout)));
        calls.put(
                "withPullPolicy",
                Calls.different(
                        b -> b.withPullPolicy(PullPolicy.IF_MISSING),
                        b -> b.withPullPolicy(PullPolicy.ALWAYS),
                        b -> b.withPullPolicy(PullPolicy.NEVER)));
        calls.put("withSnapshotsDir", Calls.different(b -> b.withSnapshotsDir(directory.resolve("elsewhere"))));
        calls.put(
                "withVcpus",
                Calls.different(b -> b.withVcpus(2), b -> b.withVcpus(8)).same(b -> b.withVcpus(1)));
        calls.put(
                "withVolume",
                Calls.different(
                        b -> b.withVolume(volume("v.img", "/v", 16)),
                        b -> b.withVolume(volume("v.img", "/v", 17)),
                        b -> b.withVolume(volume("v.img", "/w", 16)),
                        b -> b.withVolume(volume("w.img", "/v", 16)),
                        b -> b.withVolume(seeded("seed.img")),
                        b -> b.withVolume(volume("v.img", "/v", 16)).withVolume(volume("w.img", "/w", 16))));
        calls.put(
                "withWait",
                Calls.different(
                        b -> b.withWait(Wait.forListener()),
                        b -> b.withWait(Wait.forListener(80)),
                        b -> b.withWait(Wait.forLog("x"))));
        calls.put(
                "withWarmup",
                Calls.different(
                        b -> b.withWarmup(vm -> vm.writeFile("/a", "1")),
                        b -> b.withWarmup(vm -> vm.writeFile("/a", "2"))));
        calls.put(
                "withWarmupTag",
                Calls.different(
                        b -> b.withWarmup(vm -> vm.writeFile("/a", "1")).withWarmupTag("1"),
                        b -> b.withWarmup(vm -> vm.writeFile("/a", "1")).withWarmupTag("2")));
        return calls;
    }

    private VolumeSpec volume(String file, String guest, int mib) {
        return VolumeSpec.of(directory.resolve(file), guest).withSizeBytes((long) mib << 20);
    }

    /** One with something in it that looks like a file system. */
    private VolumeSpec seeded(String file) {
        VolumeSpec volume = volume(file, "/v", 16);
        try (RandomAccessFile access = new RandomAccessFile(volume.hostPath().toFile(), "rw")) {
            access.setLength(volume.sizeBytes());
            access.seek(1024 + 0x38);
            access.write(new byte[] {0x53, (byte) 0xEF});
            return volume;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void whatIsInAVolumesFileCounts() throws IOException {
        VolumeSpec volume = seeded("v.img");
        String before = fingerprint(builder -> builder.withVolume(volume));
        try (RandomAccessFile access = new RandomAccessFile(volume.hostPath().toFile(), "rw")) {
            access.seek(1 << 20);
            access.write(1);
        }
        assertThat(fingerprint(builder -> builder.withVolume(volume))).isNotEqualTo(before);
        Files.delete(volume.hostPath());
        String missing = fingerprint(builder -> builder.withVolume(volume));
        Files.write(volume.hostPath(), new byte[(int) volume.sizeBytes()]);
        assertThat(fingerprint(builder -> builder.withVolume(volume)))
                .as("zeros are as good as nothing")
                .isEqualTo(missing);
    }

    @Test
    void eachSetterChangesItExactlyWhenTheTableSaysSo() throws IOException {
        Map<String, Calls> calls = calls();
        assertThat(calls.keySet()).containsExactlyInAnyOrderElementsOf(BuilderTableTest.setters());
        String untouched = fingerprint(builder -> {});

        for (BuilderTable.Row row : BuilderTable.rows()) {
            if (!row.isThere() || !row.method().startsWith("with")) {
                continue;
            }
            Calls those = Objects.requireNonNull(calls.get(row.method()));
            Set<String> different = new HashSet<>();
            those.different().forEach(call -> different.add(fingerprint(call)));
            switch (row.fingerprint()) {
                case "no" ->
                    assertThat(different)
                            .as("%s is not part of the fingerprint", row.method())
                            .containsExactly(untouched);
                case "yes", "content" ->
                    assertThat(different)
                            .as("%s is part of the fingerprint", row.method())
                            .hasSize(those.different().size())
                            .doesNotContain(untouched);
                default -> throw new AssertionError("What is '" + row.fingerprint() + "' for " + row.method() + "?");
            }
            those.same()
                    .forEach(call -> assertThat(fingerprint(call))
                            .as("%s with what is so anyway", row.method())
                            .isEqualTo(untouched));
        }
    }

    @Test
    void whatCountsByItsContentMayLieAnywhereAndMayHaveAnyTime() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "content");
        String before = fingerprint(builder -> builder.withExtraFile(file, "/f"));
        Path copy = Files.copy(file, directory.resolve("copy"));
        Files.setLastModifiedTime(copy, FileTime.from(Instant.EPOCH));
        assertThat(fingerprint(builder -> builder.withExtraFile(copy, "/f"))).isEqualTo(before);
        Files.writeString(copy, "Content");
        assertThat(fingerprint(builder -> builder.withExtraFile(copy, "/f"))).isNotEqualTo(before);
    }

    @Test
    void theOrderOfIndependentCallsDoesNotMatter() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "content");
        List<Call> calls = new ArrayList<>(List.of(
                b -> b.withCmd("a", "b"),
                b -> b.withEngine("kvm"),
                b -> b.withEnv("A", "1"),
                b -> b.withEnv("B", "2"),
                b -> b.withExtraFile(file, "/f"),
                b -> b.withExtraFile(directory.resolve("layout"), "/d"),
                b -> b.withExtraFile(file, "/d/e"),
                b -> b.withExtraKernelArg("quiet"),
                b -> b.withGuestPort(81),
                b -> b.withMemoryMib(512),
                b -> b.withName("x"),
                b -> b.withPullPolicy(PullPolicy.NEVER),
                b -> b.withSnapshotsDir(directory),
                b -> b.withVcpus(2),
                b -> b.withVolume(volume("v.img", "/v", 16)),
                b -> b.withVolume(volume("w.img", "/w", 16)),
                OciImageBuilder::withListenerRequired));
        Set<String> fingerprints = new HashSet<>();
        Random random = new Random(SEED);
        for (int round = 0; round < 50; round++) {
            Collections.shuffle(calls, random);
            fingerprints.add(fingerprint(builder -> calls.forEach(call -> call.on(builder))));
        }
        assertThat(fingerprints).as("seed %s", SEED).hasSize(1);
    }

    @Test
    void theLastOfSeveralCallsWins() throws IOException {
        for (Map.Entry<String, Calls> entry : calls().entrySet()) {
            List<Call> different = entry.getValue().different();
            if (different.size() < 2
                    || Set.of("withExtraKernelArg", "withVolume").contains(entry.getKey())) {
                continue;
            }
            // The first two of the setters that add say something of the same name or path.
            Call first = different.get(0);
            Call second = different.get(1);
            assertThat(fingerprint(first.andThen(second))).as(entry.getKey()).isEqualTo(fingerprint(second));
            assertThat(fingerprint(second.andThen(first))).as(entry.getKey()).isEqualTo(fingerprint(first));
        }
        assertThat(fingerprint(b -> b.withListenerRequired().withWait(Wait.forLog("x"))))
                .isEqualTo(fingerprint(b -> b.withWait(Wait.forLog("x"))));
        assertThat(fingerprint(b -> b.withWait(Wait.forLog("x")).withListenerRequired()))
                .isEqualTo(fingerprint(OciImageBuilder::withListenerRequired))
                .isEqualTo(fingerprint(b -> b.withWait(Wait.forListener())));
    }

    @Test
    void theNameOfTheImageDoesNotMatterAndItsContentDoes() throws IOException {
        Path other = layout("other-layout", "other content");
        String untouched = fingerprint(builder -> {});
        assertThat(fingerprint(new ImageBuilder(Settings.system(), "oci-layout:" + layout)))
                .isEqualTo(untouched);
        assertThat(fingerprint(new ImageBuilder(Settings.system(), "oci-layout:" + other)))
                .isNotEqualTo(untouched);
    }

    private String fingerprint(Call calls) {
        ImageBuilder builder = new ImageBuilder(Settings.system(), "app:test");
        builder.withOciLayout(layout);
        calls.on(builder);
        return fingerprint(builder);
    }

    private String fingerprint(ImageBuilder builder) {
        BakeRequest request = builder.request();
        return baker.inputs(request, new NamedEngine(request.engine().orElse("qemu-tcg")))
                .fingerprint();
    }

    private Path layout(String name, String content) throws IOException {
        Path path = directory.resolve(name);
        new OciLayout()
                .tar(TarSpec.archive(List.of(TarSpec.file("file", content))))
                .config("config", Map.of("Cmd", List.of("run")))
                .write(path);
        return path;
    }

    private Path archive(Path from, String name) throws IOException {
        Path archive = directory.resolve(name);
        try (OutputStream out = Files.newOutputStream(archive);
                Stream<Path> files = Files.walk(from)) {
            TarWriter tar = new TarWriter(out);
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                try (var content = Files.newInputStream(file)) {
                    tar.file(
                            new TarWriter.Meta(from.relativize(file).toString(), 0644, 0, 0, Instant.EPOCH),
                            Files.size(file),
                            content);
                }
            }
            tar.end();
        }
        return archive;
    }

    /** An engine that has only a name. */
    private record NamedEngine(String id) implements Hypervisor {

        @Override
        public int preference() {
            return 0;
        }

        @Override
        public Availability probe() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Set<Capability> capabilities() {
            return Set.of();
        }

        @Override
        public String identity() {
            return "one version of " + id;
        }

        @Override
        public Machine boot(MachineSpec spec) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Prepared prepare(SnapshotSource snapshot) {
            throw new UnsupportedOperationException();
        }
    }
}
