package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.ExecResult;
import dev.supermachine.Image;
import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import dev.supermachine.Vm;
import dev.supermachine.VmPool;
import dev.supermachine.Wait;
import dev.supermachine.bake.BakeListener;
import dev.supermachine.bake.BakeRequest;
import dev.supermachine.engine.EngineSelector;
import dev.supermachine.engine.Hypervisor;
import dev.supermachine.oci.ImageSource;
import dev.supermachine.settings.Settings;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;

/** What the tests of the laboratory share: an image that is baked once for each number of processors, pools of it, and the proof that it is the engine on KVM. */
final class Laboratory {

    static final int PORT = 8080;

    /** What the workload serves. */
    static final String PAGE = "served by the laboratory";

    private static final String WORKLOAD = "mkdir -p /srv && echo '" + PAGE
            + "' >/srv/index.html && echo about to serve && exec httpd -f -p " + PORT + " -h /srv";

    private Laboratory() {}

    private static final class One {
        private static final Image IMAGE = bake(1);
        private static final VmPool POOL = IMAGE.pool().min(1).max(2).build();
    }

    private static final class Two {
        private static final Image IMAGE = bake(2);
        private static final VmPool POOL = IMAGE.pool().min(0).max(1).build();
    }

    /** A small web server. */
    static Image image(int vcpus) {
        return vcpus == 1 ? One.IMAGE : Two.IMAGE;
    }

    /** The pool that all tests share. */
    static VmPool pool(int vcpus) {
        return vcpus == 1 ? One.POOL : Two.POOL;
    }

    private static Image bake(int vcpus) {
        String reference = TestImages.reference("debian-busybox");
        Settings settings = Settings.system();
        Image image = Images.bake(
                settings,
                new BakeRequest(
                        "lab-" + vcpus,
                        reference,
                        ImageSource.of(reference),
                        Platform.LINUX_AMD64,
                        PullPolicy.IF_MISSING,
                        128,
                        vcpus,
                        PORT,
                        Optional.of(Wait.all(Wait.forLog("about to serve"), Wait.forListener())),
                        List.of("sh", "-c", WORKLOAD),
                        Map.of("PLACE", "laboratory"),
                        List.of(),
                        Map.of(),
                        Optional.empty()),
                settings.snapshotsDirectory(),
                BakeListener.SILENT);
        assertIsKvm(image);
        return image;
    }

    /** The engine was chosen, not forced; and it is in the report, whose properties are those of the system. */
    static void assertIsKvm(Image image) {
        Hypervisor engine = EngineSelector.select(null);
        assertThat(engine.id()).isEqualTo("kvm");
        assertThat(manifest(image)).contains("\"id\": \"kvm\"").contains("\"identity\": \"kvm; machine ");
        System.setProperty("supermachine.lab.engine", engine.id());
        System.setProperty("supermachine.lab.engine.identity", engine.identity());
        System.setProperty("supermachine.lab.engine.probe", engine.probe().reason());
    }

    /** As it is on disk. */
    static String manifest(Image image) {
        try {
            return Files.readString(image.origin().snapshot().resolve("manifest.json"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The version of the kernel that this build packs. */
    static String packedKernel() {
        String file = "/dev/supermachine/kernel/x86_64/kernel.properties";
        try (InputStream in = Objects.requireNonNull(Laboratory.class.getResourceAsStream(file), file)) {
            Properties properties = new Properties();
            properties.load(in);
            return Objects.requireNonNull(properties.getProperty("version"), file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a command prints, without the last line feed; it must succeed. */
    static String run(Vm vm, String shell) {
        ExecResult result = vm.exec("sh", "-c", shell);
        assertThat(result.success()).as("%s: %s", shell, result).isTrue();
        return result.stdoutText().strip();
    }
}
