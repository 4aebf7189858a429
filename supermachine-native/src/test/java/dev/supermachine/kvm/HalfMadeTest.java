package dev.supermachine.kvm;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.linux.LinuxException;
import dev.supermachine.linux.Mapping;
import dev.supermachine.linux.OpenFile;
import org.junit.jupiter.api.Test;

/** Handles of KVM over files that are none of KVM, so that the step after the first fails. */
class HalfMadeTest {

    private final OpenFile file = OpenFile.inMemory("no machine", Mapping.PAGE);

    @Test
    void aMachineThatIsRefusedWhatItNeedsIsClosed() {
        assertThatThrownBy(() -> new VmFd(file, Mapping.PAGE)).isInstanceOfSatisfying(LinuxException.class, e -> {
            if (e.errno() != LinuxException.ENOTTY) {
                throw e;
            }
        });
        assertThatIllegalStateException().isThrownBy(file::path);
    }

    @Test
    void aVcpuWhosePageCannotBeMappedIsClosed() {
        assertThatIllegalArgumentException().isThrownBy(() -> new VcpuFd(file, 1000, false));
        assertThatIllegalStateException().isThrownBy(file::path);
    }
}
