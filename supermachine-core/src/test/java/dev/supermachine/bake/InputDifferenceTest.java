package dev.supermachine.bake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.snapshot.SimilarSnapshot;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class InputDifferenceTest {

    private static final String DIGEST = "hmac-sha256:" + "0".repeat(64);

    private static String words(String input, List<String> there, List<String> wanted) {
        return InputDifference.between(Map.of(input, there), Map.of(input, wanted)).stream()
                .map(InputDifference::words)
                .reduce("", String::concat);
    }

    @Test
    void eachFormHasItsWords() {
        assertThat(words("memoryMib", List.of("256"), List.of("512"))).isEqualTo("memory in MiB changed: 256 -> 512");
        assertThat(words("extraFiles", List.of(""), List.of("sha256:1")))
                .isEqualTo("content of the extra files changed: none -> sha256:1");
        assertThat(words("command", List.of(), List.of("sh", "-c", "a, b")))
                .isEqualTo("cmd changed: none of its own -> [\"sh\",\"-c\",\"a, b\"]");
        assertThat(words("readiness", List.of(), List.of("a listener on port 80", "listener", "", "1", "80")))
                .isEqualTo("wait changed: before the workload -> a listener on port 80");
        assertThat(words("readiness", List.of("the same", "x"), List.of("the same", "y")))
                .isEqualTo("wait changed: [\"the same\",\"x\"] -> [\"the same\",\"y\"]");
        assertThat(words(
                        "environment",
                        List.of("A=" + DIGEST, "B=" + DIGEST, "SAME=" + DIGEST),
                        List.of("A=" + DIGEST.replace('0', '1'), "C=" + DIGEST, "SAME=" + DIGEST)))
                .isEqualTo("env changed: A has another value (hmac-sha256:00000000... -> hmac-sha256:11111111...),"
                        + " B is gone, C is new");
        assertThat(words("memoryMib", List.of("256"), List.of("256"))).isEmpty();
    }

    @Test
    void whatASnapshotHasToSayCannotMoveTheCursor() {
        assertThat(words("platform", List.of("\u001b[2Jlinux\n"), List.of("linux/amd64")))
                .isEqualTo("platform changed: ?[2Jlinux? -> linux/amd64");
    }

    @Test
    void aMissIsASentence() {
        Path directory = Path.of("/store/baked/1");
        Map<String, List<String>> there = Map.of("memoryMib", List.of("256"), "vcpus", List.of("1"));
        assertThat(new Miss(
                                Optional.of(new SimilarSnapshot(directory, "x", there, Optional.empty())),
                                InputDifference.between(
                                        there, Map.of("memoryMib", List.of("512"), "vcpus", List.of("2"))))
                        .sentence())
                .isEqualTo("The snapshot /store/baked/1 is not used, because memory in MiB changed: 256 -> 512;"
                        + " number of virtual CPUs changed: 1 -> 2.");
        assertThat(new Miss(
                                Optional.of(
                                        new SimilarSnapshot(directory, "x", Map.of(), Optional.of("its format is 1"))),
                                List.of())
                        .sentence())
                .isEqualTo("The snapshot /store/baked/1 is not used, because its format is 1.");
        assertThat(new Miss(Optional.empty(), List.of()).sentence())
                .isEqualTo("There is no snapshot of this name or image yet.");
    }
}
