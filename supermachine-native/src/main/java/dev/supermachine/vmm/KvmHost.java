package dev.supermachine.vmm;

import dev.supermachine.kvm.CpuidEntry;
import dev.supermachine.kvm.Kvm;
import dev.supermachine.kvm.KvmCapability;
import dev.supermachine.kvm.KvmException;
import dev.supermachine.kvm.VcpuFd;
import dev.supermachine.kvm.VmFd;
import dev.supermachine.linux.LinuxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * KVM of this host, as machines of this process see it. Opened at the first use and never closed, so that each machine finds it ready. Thread-safe.
 *
 * @since 0.1
 */
public final class KvmHost {

    /** Grows with each change after which snapshots of before cannot be restored. */
    private static final int VERSION = 2;

    private final Kvm kvm;
    private final CpuModel model;
    private final int tscKhz;
    private final boolean scalesTsc;

    /** What CPUID answers on each vCPU, by their number: the same for all machines. */
    private final Map<Integer, List<List<CpuidEntry>>> cpuid = new ConcurrentHashMap<>();

    private static @Nullable KvmHost instance;

    private KvmHost(Kvm kvm) {
        this.kvm = kvm;
        model = CpuModel.best(kvm.supportedCpuid());
        try (VmFd machine = kvm.createVm()) {
            machine.splitIrqchip(IoApic.PINS);
            scalesTsc = machine.check(KvmCapability.TSC_CONTROL) > 0;
            try (VcpuFd vcpu = machine.createVcpu(0)) {
                tscKhz = vcpu.tscKhz();
            }
        }
    }

    /**
     * That of this process. After a failure the next call tries anew.
     *
     * @return the same on every call
     * @throws LinuxException if KVM cannot be opened, or refuses
     * @throws KvmException if it is not as machines need it, which includes the processor that it offers
     */
    public static synchronized KvmHost instance() {
        KvmHost present = instance;
        if (present == null) {
            present = open();
            instance = present;
        }
        return present;
    }

    private static KvmHost open() {
        Kvm kvm = Kvm.open();
        try {
            return new KvmHost(kvm);
        } catch (IllegalArgumentException e) {
            KvmException failure = new KvmException(String.valueOf(e.getMessage()));
            failure.initCause(e);
            Closing.closeAfter(failure, kvm);
            throw failure;
        } catch (RuntimeException | Error e) {
            Closing.closeAfter(e, kvm);
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
        // Two of the same quarter differ by less than what a restore tolerates, from 1 GHz on.
        String frequency = scalesTsc ? "any" : Math.round(tscKhz / 250.0) / 4.0 + " MHz";
        return "machine " + VERSION + "; cpu " + model.name() + "; tsc " + frequency;
    }

    Kvm kvm() {
        return kvm;
    }

    List<List<CpuidEntry>> cpuid(int vcpus) {
        return cpuid.computeIfAbsent(vcpus, this::makeCpuid);
    }

    private List<List<CpuidEntry>> makeCpuid(int vcpus) {
        List<List<CpuidEntry>> all = new ArrayList<>();
        for (int vcpu = 0; vcpu < vcpus; vcpu++) {
            all.add(model.cpuid(vcpu, vcpus));
        }
        return List.copyOf(all);
    }
}
