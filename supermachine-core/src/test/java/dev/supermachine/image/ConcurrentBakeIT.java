package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.testing.ChildJvm;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many JVMs that want the same snapshot of an empty store at once: one bakes, the others wait for it and say so. */
class ConcurrentBakeIT {

    @Test
    void oneOfManyBakes(@TempDir Path directory) throws IOException, InterruptedException {
        List<ChildJvm> children = new ArrayList<>();
        try {
            for (int i = 0; i < ChildJvm.COUNT; i++) {
                children.add(ChildJvm.start(
                        BakingChild.class,
                        TestImages.reference("debian-busybox"),
                        directory.resolve("snapshots").toString()));
            }
            for (ChildJvm child : children) {
                assertThat(child.exitCode()).as("%s", child.lines()).isZero();
                assertThat(child.lines()).contains("answer: 42");
            }
        } finally {
            children.forEach(ChildJvm::close);
        }
        assertThat(children).filteredOn(child -> child.printed("baked: true")).hasSize(1);
        assertThat(children).filteredOn(child -> child.printed("baked: false")).hasSize(ChildJvm.COUNT - 1);
    }

    /** One of the JVMs. */
    static final class BakingChild {

        private BakingChild() {}

        public static void main(String[] arguments) {
            Image image = Image.builder(arguments[0])
                    .withSnapshotsDir(Path.of(arguments[1]))
                    .withCmd("sleep", "1000")
                    .build();
            System.out.println("baked: " + image.origin().baked());
            try (Vm vm = image.start(VmConfig.defaults())) {
                System.out.println(
                        "answer: " + vm.exec("sh", "-c", "echo $((6 * 7))").stdoutText());
            }
        }
    }
}
