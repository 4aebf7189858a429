package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.Image;
import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import dev.supermachine.SnapshotException;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.bake.BakeRequest;
import dev.supermachine.bake.Baker;
import dev.supermachine.engine.Availability;
import dev.supermachine.engine.Capability;
import dev.supermachine.engine.EngineSelector;
import dev.supermachine.engine.Hypervisor;
import dev.supermachine.engine.Machine;
import dev.supermachine.engine.MachineSpec;
import dev.supermachine.engine.Prepared;
import dev.supermachine.engine.SnapshotSource;
import dev.supermachine.oci.ImageSource;
import dev.supermachine.oci.ProgressRenderer;
import dev.supermachine.settings.Settings;
import dev.supermachine.snapshot.SnapshotStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is baked on the engine on KVM, what is used again, and what is refused. Each test has a store of its own. */
@Tag("lab")
@Tag("lab-only")
@Timeout(300)
class BakeLabIT {

    private static final String BUSYBOX = TestImages.reference("debian-busybox");

    @TempDir
    private Path directory;

    @Test
    @Tag("lab-smoke")
    void aSnapshotIsMadeOnceAndMayBeMoved() throws IOException {
        Image first = sleeping();
        assertThat(first.origin().baked()).isTrue();
        Image second = sleeping();
        assertThat(second.origin().baked()).isFalse();
        assertThat(second.origin().snapshot()).isEqualTo(first.origin().snapshot());
        Laboratory.assertIsKvm(first);

        Path moved = directory.resolve("elsewhere");
        Files.move(first.origin().snapshot(), moved);
        answers(Image.fromSnapshot(moved));
    }

    @Test
    @Tag("lab-smoke")
    void aDamagedStateIsRefusedByItsPathAndBakedAnewByItsInputs() throws IOException {
        damaged("state", channel -> {
            ByteBuffer one = ByteBuffer.allocate(1);
            long middle = channel.size() / 2;
            channel.read(one, middle);
            one.put(0, (byte) (one.get(0) ^ 4));
            channel.write(one.flip(), middle);
        });
    }

    @Test
    void aTruncatedMemoryIsRefusedByItsPathAndBakedAnewByItsInputs() throws IOException {
        damaged("ram", channel -> channel.truncate(channel.size() / 2));
    }

    private interface Damage {
        void to(FileChannel channel) throws IOException;
    }

    /** To a copy that takes the file's place, as a machine may have the file mapped. */
    private void damaged(String name, Damage damage) throws IOException {
        Image image = sleeping();
        Path file;
        try (Stream<Path> files = Files.walk(image.origin().snapshot())) {
            file = files.filter(one -> one.endsWith(name)).findFirst().orElseThrow();
        }
        Path copy = Files.copy(file, directory.resolve("damaged"));
        try (FileChannel channel = FileChannel.open(copy, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            damage.to(channel);
        }
        Files.move(copy, file, StandardCopyOption.REPLACE_EXISTING);

        assertThatThrownBy(() -> Image.fromSnapshot(image.origin().snapshot()))
                .isInstanceOf(SnapshotException.class)
                .hasMessageContaining(name);
        Image again = sleeping();
        assertThat(again.origin().baked()).isTrue();
        answers(again);
    }

    @Test
    void aSnapshotOfAnotherProcessorIsNotUsed() {
        Hypervisor kvm = EngineSelector.select("kvm");
        Settings settings = Settings.system();
        SnapshotStore store = new SnapshotStore(directory.resolve("snapshots"), settings);
        BakeRequest request = new BakeRequest(
                "other",
                BUSYBOX,
                ImageSource.of(BUSYBOX),
                Platform.LINUX_AMD64,
                PullPolicy.IF_MISSING,
                128,
                1,
                Laboratory.PORT,
                Optional.empty(),
                List.of("sleep", "1000000"),
                Map.of(),
                List.of(),
                Map.of(),
                Optional.of("kvm"));
        Baker baker = new Baker(settings, store, ProgressRenderer.forStandardError(), (machine, mib) -> () -> {});
        try (var here = baker.bake(request, kvm).use();
                var there = baker.bake(request, new AnotherProcessor(kvm)).use()) {
            assertThat(there.snapshot().directory())
                    .isNotEqualTo(here.snapshot().directory());
            assertThat(baker.bake(request, kvm).baked()).isFalse();
            answers(Image.fromSnapshot(here.snapshot().directory()));
            assertThatThrownBy(() -> Image.fromSnapshot(there.snapshot().directory()))
                    .isInstanceOf(SnapshotException.class)
                    .hasMessageContaining(kvm.identity())
                    .hasMessageContaining("another processor")
                    .hasMessageContaining("Bake it on a machine like this one");
        }
    }

    private Image sleeping() {
        Image image = Image.builder(BUSYBOX)
                .withName("sleeper")
                .withMemoryMib(128)
                .withSnapshotsDir(directory.resolve("snapshots"))
                .withCmd("sleep", "1000000")
                .build();
        Laboratory.assertIsKvm(image);
        return image;
    }

    private static void answers(Image image) {
        try (Vm vm = image.start(VmConfig.defaults())) {
            assertThat(Laboratory.run(vm, "echo here")).isEqualTo("here");
        }
    }

    /** The engine as it would be on a host with another processor. */
    private record AnotherProcessor(Hypervisor engine) implements Hypervisor {

        @Override
        public String id() {
            return engine.id();
        }

        @Override
        public int preference() {
            return engine.preference();
        }

        @Override
        public Availability probe() {
            return engine.probe();
        }

        @Override
        public Set<Capability> capabilities() {
            return engine.capabilities();
        }

        @Override
        public String identity() {
            return engine.identity() + " of another processor";
        }

        @Override
        public Machine boot(MachineSpec spec) {
            return engine.boot(spec);
        }

        @Override
        public Prepared prepare(SnapshotSource snapshot) {
            return engine.prepare(snapshot);
        }
    }
}
