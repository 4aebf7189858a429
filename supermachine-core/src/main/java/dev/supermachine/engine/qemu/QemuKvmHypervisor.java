package dev.supermachine.engine.qemu;

/** Machines as QEMU processes, their code run on the processor through {@code /dev/kvm}. */
public final class QemuKvmHypervisor extends QemuHypervisor {

    /** For {@link java.util.ServiceLoader}. */
    public QemuKvmHypervisor() {
        super(Accelerator.KVM);
    }

    @Override
    public String id() {
        return "qemu-kvm";
    }

    @Override
    public int preference() {
        return 20;
    }
}
