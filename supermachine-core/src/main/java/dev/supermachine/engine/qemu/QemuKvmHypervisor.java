package dev.supermachine.engine.qemu;

/**
 * Machines as QEMU processes, their code run on the processor through {@code /dev/kvm}.
 *
 * @since 0.1
 */
public final class QemuKvmHypervisor extends QemuHypervisor {

    /** For {@link java.util.ServiceLoader}.
     *
     * @since 0.1
     */
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
