package dev.supermachine.engine.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.engine.ConsoleRing;
import dev.supermachine.engine.Machine.Traces;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;

class JvmTracesTest {

    private final ConsoleRing console = new ConsoleRing();
    private final JvmTraces traces = new JvmTraces("web-1", console);

    @Test
    void theConsoleIsAFileInADirectoryOfItsOwn() throws IOException {
        print("before\n");
        Traces left = traces.leave(true);
        print("after\n");
        assertThat(left.console()).content().isEqualTo("before\nafter\n");
        assertThat(left.console().getParent()).isEqualTo(left.directory());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(left.directory())))
                .isEqualTo("rwx------");
        assertThat(left.pid()).isEqualTo(ProcessHandle.current().pid());
        assertThat(left.detachable()).isFalse();
        assertThat(traces.leave(false)).isEqualTo(left);
        traces.remove();
        assertThat(left.directory()).doesNotExist();
    }

    @Test
    void nothingIsLeftBeforeSomebodyAsks() {
        traces.remove();
        assertThat(console.text()).isEmpty();
    }

    @Test
    void saysWhichSettingsHelpWhereAMachineCannotBeLeft() {
        assertThat(traces.noDetaching())
                .isEqualTo(
                        "Machine 'web-1' cannot be left to another process: machines of the engine kvm live in this JVM"
                                + " (process " + ProcessHandle.current().pid()
                                + ") and end with it. With supermachine.vm.keep-on-failure=jvm"
                                + " they are kept until then; with supermachine.engine=qemu-kvm or qemu-tcg beside detached, beyond it.");
    }

    private void print(String text) {
        console.append(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }
}
