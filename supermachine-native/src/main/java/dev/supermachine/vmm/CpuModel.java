package dev.supermachine.vmm;

import dev.supermachine.kvm.CpuidEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A processor as a guest sees it, whatever the host's: a vendor and a level of the x86-64 ABI, named as in {@code amd-x86-64-v3}. A model's answers to CPUID are the
 * same bytes on every host that offers it, so that a snapshot taken on one runs on another. What a host has beyond its model is hidden from the guest:
 *
 * <ul>
 *   <li>AVX-512 and other features beyond the level;
 *   <li>performance counters, machine checks, XSAVES and nested virtualization, whose state nobody would save;
 *   <li>the invariant time stamp counter, so that the guest's clock is KVM's, which goes on where a snapshot left it;
 *   <li>of KVM's own features those by which the host and the guest share memory or wait for each other;
 *   <li>controls and promises about speculative execution, which differ from host to host. The guest's kernel then takes the precautions that need none.
 * </ul>
 */
final class CpuModel {

    private static final int LEVEL_MOST = 3;

    /** Enough for the memory of any machine, and what every processor has. */
    static final int PHYSICAL_BITS = 36;

    private final CpuVendor vendor;
    private final int level;

    private CpuModel(CpuVendor vendor, int level) {
        this.vendor = vendor;
        this.level = level;
    }

    /**
     * The model of the highest level that a host offers.
     *
     * @param supported what KVM supports: {@code KVM_GET_SUPPORTED_CPUID}
     * @throws IllegalArgumentException if it offers none; the message says what it lacks
     */
    static CpuModel best(List<CpuidEntry> supported) {
        String vendorId = CpuVendor.idIn(supported);
        for (CpuVendor vendor : CpuVendor.values()) {
            if (vendor.id().equals(vendorId)) {
                for (int level = LEVEL_MOST; level > 0; level--) {
                    CpuModel model = new CpuModel(vendor, level);
                    if (model.offeredBy(supported)) {
                        return model;
                    }
                }
                CpuModel least = new CpuModel(vendor, 1);
                throw new IllegalArgumentException("KVM offers no processor a guest could use here: it lacks "
                        + String.join(", ", least.missingOn(supported)) + " for " + least.name());
            }
        }
        throw new IllegalArgumentException(
                "KVM offers no processor a guest could use here: expected one of AuthenticAMD or GenuineIntel, but it is \""
                        + vendorId + "\"");
    }

    /**
     * The model of a name.
     *
     * @param name as {@link #name()} gives it
     * @throws IllegalArgumentException if there is none
     */
    static CpuModel named(String name) {
        List<String> names = new ArrayList<>();
        for (CpuVendor vendor : CpuVendor.values()) {
            for (int level = 1; level <= LEVEL_MOST; level++) {
                CpuModel model = new CpuModel(vendor, level);
                if (model.name().equals(name)) {
                    return model;
                }
                names.add(model.name());
            }
        }
        throw new IllegalArgumentException(
                "Expected a model of a processor out of " + String.join(", ", names) + ", but got " + name);
    }

    /** Its name, which is part of a snapshot's fingerprint. */
    String name() {
        return vendor.label() + "-x86-64-v" + level;
    }

    /** Whether guests can have it on a host. */
    boolean offeredBy(List<CpuidEntry> supported) {
        return missingOn(supported).isEmpty();
    }

    /** What a host lacks for it, for messages; empty if it offers the model. */
    List<String> missingOn(List<CpuidEntry> supported) {
        List<String> missing = new ArrayList<>();
        if (!CpuVendor.idIn(supported).equals(vendor.id())) {
            missing.add(vendor.id());
        }
        for (CpuFeature feature : CpuFeature.values()) {
            if (feature.isOf(vendor, level) && !feature.isIn(supported)) {
                missing.add(feature.name().toLowerCase(Locale.ROOT));
            }
        }
        if (supported.stream()
                .noneMatch(entry -> entry.function() == 0x80000008 && (entry.eax() & 0xFF) >= PHYSICAL_BITS)) {
            missing.add("physical addresses of " + PHYSICAL_BITS + " bits");
        }
        return missing;
    }

    /**
     * What CPUID answers on one of a machine's vCPUs: {@code KVM_SET_CPUID2}.
     *
     * @param vcpu which, from 0, also its APIC's identifier
     * @param vcpus how many the machine has, 1 to 8
     */
    List<CpuidEntry> cpuid(int vcpu, int vcpus) {
        if (vcpus < 1 || vcpus > MachineLayout.VCPUS_MOST || vcpu < 0 || vcpu >= vcpus) {
            throw new IllegalArgumentException("Expected one of 1 to " + MachineLayout.VCPUS_MOST
                    + " vCPUs, but got number " + vcpu + " of " + vcpus);
        }
        return new CpuidTable(vendor, level, vcpu, vcpus).entries();
    }

    @Override
    public String toString() {
        return name();
    }
}
