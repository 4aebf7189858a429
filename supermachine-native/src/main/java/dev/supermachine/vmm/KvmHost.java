package dev.supermachine.vmm;

import dev.supermachine.kvm.CpuidEntry;
import dev.supermachine.kvm.Kvm;
import dev.supermachine.kvm.KvmCapability;
import dev.supermachine.kvm.VcpuFd;
import dev.supermachine.kvm.VmFd;
import dev.supermachine.linux.LinuxException;
import java.util.ArrayList;
import java.util.List;

/**
 * KVM of this host, as machines of this process see it. Opened at the first use and never closed, so that each machine finds it ready. Thread-safe.
 *
 * @since 0.1
 */
public final class KvmHost {

    /** Grows with each change after which snapshots of before cannot be restored. */
    private static final int VERSION = 1;

    private final Kvm kvm;
    private final CpuModel model;
    private final int tscKhz;
    private final boolean scalesTsc;

    private KvmHost() {
        kvm = Kvm.open();
        model = CpuModel.best(kvm.supportedCpuid());
        try (VmFd machine = kvm.createVm()) {
            machine.splitIrqchip(VmCore.IOAPIC_PINS);
            scalesTsc = machine.check(KvmCapability.TSC_CONTROL) > 0;
            try (VcpuFd vcpu = machine.createVcpu(0)) {
                tscKhz = vcpu.tscKhz();
            }
        }
    }

    private static final class Holder {
        private static final KvmHost INSTANCE = new KvmHost();
    }

    /**
     * That of this process.
     *
     * @return the same on every call
     * @throws LinuxException if KVM cannot be opened
     */
    public static KvmHost instance() {
        try {
            return Holder.INSTANCE;
        } catch (ExceptionInInitializerError e) {
            if (e.getCause() instanceof LinuxException cause) {
                throw cause;
            }
            throw e;
        }
    }

    /**
     * What machines are shown as their processor.
     *
     * @return the model's name, such as {@code amd-x86-64-v3}
     */
    public String cpuModel() {
        return model.name();
    }

    /**
     * All of this host and this library that a machine's state depends on.
     *
     * @return the same for each host on which a machine's state can be restored
     */
    public String identity() {
        // to the nearest MHz, which is nearer than what a guest's clock may be wrong
        String frequency = scalesTsc ? "any" : Math.round(tscKhz / 1000.0) + " MHz";
        return "machine " + VERSION + "; cpu " + model.name() + "; tsc " + frequency;
    }

    Kvm kvm() {
        return kvm;
    }

    List<List<CpuidEntry>> cpuid(int vcpus) {
        List<List<CpuidEntry>> all = new ArrayList<>();
        for (int vcpu = 0; vcpu < vcpus; vcpu++) {
            all.add(model.cpuid(vcpu, vcpus));
        }
        return all;
    }
}
