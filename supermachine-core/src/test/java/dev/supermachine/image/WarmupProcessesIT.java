package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.testing.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** JVMs that want the same warm image: the warm-up runs in one of them. */
class WarmupProcessesIT {

    @Test
    void oneOfSeveralAtOnceRunsItAndALaterOneDoesNot(@TempDir Path directory) throws IOException, InterruptedException {
        Path runs = directory.resolve("runs");
        List<ChildJvm> children = new ArrayList<>();
        try {
            children.add(start(directory, runs));
            children.add(start(directory, runs));
            for (ChildJvm child : children) {
                assertWarm(child);
            }
        } finally {
            children.forEach(ChildJvm::close);
        }
        assertThat(runs).hasContent("ran\n");
        try (ChildJvm later = start(directory, runs)) {
            assertWarm(later);
            assertThat(later.lines()).contains("baked: false");
        }
        assertThat(runs).hasContent("ran\n");
    }

    private static ChildJvm start(Path directory, Path runs) throws IOException {
        return ChildJvm.start(
                WarmingChild.class,
                TestImages.reference("debian-busybox"),
                directory.resolve("snapshots").toString(),
                runs.toString());
    }

    private static void assertWarm(ChildJvm child) throws InterruptedException {
        assertThat(child.exitCode()).as("%s", child.lines()).isZero();
        assertThat(child.lines()).contains("seed: planted");
    }

    /** One of the JVMs. */
    static final class WarmingChild {

        private WarmingChild() {}

        public static void main(String[] arguments) {
            String runs = arguments[2];
            Image image = Image.builder(arguments[0])
                    .withSnapshotsDir(Path.of(arguments[1]))
                    .withCmd("sleep", "1000")
                    .withWarmup(vm -> {
                        Files.writeString(Path.of(runs), "ran\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                        vm.writeFile("/seed", "planted");
                    })
                    .build();
            System.out.println("baked: " + image.origin().baked());
            try (Vm vm = image.start(VmConfig.defaults())) {
                System.out.println("seed: " + vm.readText("/seed"));
            }
        }
    }
}
