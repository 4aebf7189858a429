package dev.supermachine.pool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.testing.ChildJvm;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a pool says when the JVM takes away what it needs. */
@Timeout(180)
class JvmExitTest {

    @TempDir
    private Path directory;

    @Test
    void whatFailsBecauseTheJvmEndsIsNoWarning() throws Exception {
        try (ChildJvm ending = ChildJvm.start(RefillingJvm.class, directory.toString())) {
            assertThat(ending.exitCode()).as("%s", ending.lines()).isZero();
            assertThat(ending.lines())
                    .contains(
                            "DEBUG A machine to be kept ready was not restored, because the JVM ends: its directory is gone")
                    .noneMatch(line -> line.startsWith("WARN"));
        }
    }

    @Test
    void whatFailsBeforeThatIs() throws Exception {
        try (ChildJvm going = ChildJvm.start(RefillingJvm.class, directory.toString(), "early")) {
            assertThat(going.exitCode()).as("%s", going.lines()).isZero();
            assertThat(going.lines())
                    .contains(
                            "WARN A machine to be kept ready could not be restored; the next one who asks restores his own. with a stack");
        }
    }
}
