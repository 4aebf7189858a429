package dev.supermachine.engine.qemu;

/**
 * Machines as QEMU processes, their code run by emulation in software, which needs nothing but QEMU.
 *
 * @since 0.1
 */
public final class QemuTcgHypervisor extends QemuHypervisor {

    /** For {@link java.util.ServiceLoader}. */
    public QemuTcgHypervisor() {
        super(Accelerator.TCG);
    }

    @Override
    public String id() {
        return "qemu-tcg";
    }

    @Override
    public int preference() {
        return 10;
    }
}
