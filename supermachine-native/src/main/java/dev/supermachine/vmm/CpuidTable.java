package dev.supermachine.vmm;

import dev.supermachine.kvm.CpuidEntry;
import dev.supermachine.vmm.CpuFeature.Register;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Builds a model's answers to CPUID, leaf by leaf, as Intel's manual, volume 2, and AMD's, volume 3, appendix E, define them. Each vCPU is a core of one thread, all
 * in one package with a common last-level cache. Nothing of the host's processor is in them.
 */
final class CpuidTable {

    private static final int EXTENDED = 0x80000000;
    private static final int KVM = 0x40000000;

    // Bits that every guest has whatever the host, because KVM or these tables make them.

    /** X2APIC, TSC deadline timer, and being a guest. */
    private static final int SYNTHETIC_1_ECX = (1 << 21) | (1 << 24) | (1 << 31);

    private static final int HYPER_THREADING = 1 << 28;
    private static final int LAPIC_TIMER_ALWAYS_RUNS = 1 << 2;
    private static final int COMPUTE_LEGACY = 1 << 1;
    private static final int TOPOLOGY_EXTENSIONS = 1 << 22;

    /** The bits of leaf 1 that AMD's processors repeat in leaf 80000001h. */
    private static final int REPEATED_EDX = 0x0183F3FF;

    // Kinds of caches.
    private static final int DATA = 1;
    private static final int INSTRUCTIONS = 2;
    private static final int UNIFIED = 3;

    private static final int LINE = 64;

    /** FXSAVE's area with the header of XSAVE, and the upper halves of the registers of AVX. */
    private static final int XSAVE_LEGACY = 576;

    private static final int XSAVE_AVX = 256;

    private final CpuVendor vendor;
    private final int level;
    private final int vcpu;
    private final int vcpus;

    /** How many bits number the cores. */
    private final int coreBits;

    private final List<CpuidEntry> entries = new ArrayList<>();

    CpuidTable(CpuVendor vendor, int level, int vcpu, int vcpus) {
        this.vendor = vendor;
        this.level = level;
        this.vcpu = vcpu;
        this.vcpus = vcpus;
        coreBits = 32 - Integer.numberOfLeadingZeros(vcpus - 1);
    }

    /** All leaves, in ascending order but for the hypervisor's at the end. */
    List<CpuidEntry> entries() {
        boolean hasXsave = CpuFeature.XSAVE.isOf(vendor, level);
        entries.add(vendor.leaf(0, hasXsave ? 0xD : 0xB));
        addFeatures();
        if (vendor == CpuVendor.INTEL) {
            addIntelCaches();
        }
        add(0x6, LAPIC_TIMER_ALWAYS_RUNS, 0, 0, 0);
        addIndexed(0x7, 0, 0, features(0x7, 0, Register.EBX), 0, 0);
        addCores();
        if (hasXsave) {
            addIndexed(0xD, 0, features(0xD, 0, Register.EAX), XSAVE_LEGACY, XSAVE_LEGACY + XSAVE_AVX, 0);
            addIndexed(0xD, 1, features(0xD, 1, Register.EAX), 0, 0, 0);
            addIndexed(0xD, 2, XSAVE_AVX, XSAVE_LEGACY, 0, 0);
        }
        entries.add(vendor.leaf(EXTENDED, EXTENDED + (vendor == CpuVendor.AMD ? 0x1E : 0x8)));
        addExtendedFeatures();
        addName();
        if (vendor == CpuVendor.AMD) {
            addAmdCaches();
        } else {
            add(EXTENDED + 0x6, 0, 0, 0x01006040, 0); // 256 KiB, 8 ways, lines of 64 bytes
        }
        int cores = vendor == CpuVendor.AMD ? (vcpus - 1) | (coreBits << 12) : 0;
        add(EXTENDED + 0x8, CpuModel.PHYSICAL_BITS | (48 << 8), 0, cores, 0);
        if (vendor == CpuVendor.AMD) {
            addAmdTopology();
        }
        add(KVM, KVM + 1, 0x4B4D564B, 0x564B4D56, 0x4D); // KVMKVMKVM
        add(KVM + 1, features(KVM + 1, 0, Register.EAX), 0, 0, 0);
        return entries;
    }

    private void addFeatures() {
        int ebx = (vcpu << 24) | (vcpus << 16) | ((LINE / 8) << 8);
        int ecx = features(0x1, 0, Register.ECX) | SYNTHETIC_1_ECX;
        int edx = features(0x1, 0, Register.EDX) | (vcpus > 1 ? HYPER_THREADING : 0);
        add(0x1, vendor.signature(), ebx, ecx, edx);
    }

    /** Those of a Haswell, with 8 MiB at the last level. */
    private void addIntelCaches() {
        add(0x2, 0x76036301, 0x00F0B5FF, 0, 0x00C10000);
        addCache(0x4, 0, DATA, 1, 32 << 10, 8, false);
        addCache(0x4, 1, INSTRUCTIONS, 1, 32 << 10, 8, false);
        addCache(0x4, 2, UNIFIED, 2, 256 << 10, 8, false);
        addCache(0x4, 3, UNIFIED, 3, 8 << 20, 16, true);
        addIndexed(0x4, 4, 0, 0, 0, 0);
    }

    /** Those of a Zen, with 8 MiB at the last level. First the older form: TLBs and L1, then L2 and L3. */
    private void addAmdCaches() {
        add(EXTENDED + 0x5, 0xFF40FF40, 0xFF40FF40, 0x20080140, 0x40040140);
        add(EXTENDED + 0x6, 0x36006400, 0x56006400, 0x02006140, 0x00408140);
    }

    private void addAmdTopology() {
        addCache(EXTENDED + 0x1D, 0, DATA, 1, 32 << 10, 8, false);
        addCache(EXTENDED + 0x1D, 1, INSTRUCTIONS, 1, 64 << 10, 4, false);
        addCache(EXTENDED + 0x1D, 2, UNIFIED, 2, 512 << 10, 8, false);
        addCache(EXTENDED + 0x1D, 3, UNIFIED, 3, 8 << 20, 16, true);
        addIndexed(EXTENDED + 0x1D, 4, 0, 0, 0, 0);
        add(EXTENDED + 0x1E, vcpu, vcpu, 0, 0);
    }

    private void addCache(int function, int index, int kind, int cacheLevel, int size, int ways, boolean shared) {
        int sharing = (1 << coreBits) - 1;
        int eax = kind | (cacheLevel << 5) | (1 << 8) | (shared ? sharing << 14 : 0);
        if (vendor == CpuVendor.INTEL) {
            eax |= sharing << 26;
        }
        addIndexed(function, index, eax, (LINE - 1) | ((ways - 1) << 22), size / LINE / ways - 1, 0);
    }

    /** Extended topology: a level of threads, and one of cores. */
    private void addCores() {
        addIndexed(0xB, 0, 0, 1, 1 << 8, vcpu);
        addIndexed(0xB, 1, coreBits, vcpus, 1 | (2 << 8), vcpu);
        addIndexed(0xB, 2, 0, 0, 2, vcpu);
    }

    private void addExtendedFeatures() {
        int function = EXTENDED + 1;
        int ecx = features(function, 0, Register.ECX);
        int edx = features(function, 0, Register.EDX);
        if (vendor == CpuVendor.AMD) {
            ecx |= TOPOLOGY_EXTENSIONS | (vcpus > 1 ? COMPUTE_LEGACY : 0);
            edx |= features(0x1, 0, Register.EDX) & REPEATED_EDX;
            add(function, vendor.signature(), 0, ecx, edx);
        } else {
            add(function, 0, 0, ecx, edx);
        }
    }

    /** The name that /proc/cpuinfo shows, 48 characters in three leaves. */
    private void addName() {
        ByteBuffer name = ByteBuffer.allocate(48).order(ByteOrder.LITTLE_ENDIAN);
        name.put(("supermachine x86-64-v" + level).getBytes(StandardCharsets.US_ASCII))
                .rewind();
        for (int i = 2; i <= 4; i++) {
            add(EXTENDED + i, name.getInt(), name.getInt(), name.getInt(), name.getInt());
        }
    }

    private int features(int function, int index, Register register) {
        return CpuFeature.bits(vendor, level, function, index, register);
    }

    private void add(int function, int eax, int ebx, int ecx, int edx) {
        entries.add(new CpuidEntry(function, 0, 0, eax, ebx, ecx, edx));
    }

    private void addIndexed(int function, int index, int eax, int ebx, int ecx, int edx) {
        entries.add(new CpuidEntry(function, index, CpuidEntry.SIGNIFICANT_INDEX, eax, ebx, ecx, edx));
    }
}
