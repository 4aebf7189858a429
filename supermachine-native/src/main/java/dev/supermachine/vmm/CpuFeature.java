package dev.supermachine.vmm;

import dev.supermachine.kvm.CpuidEntry;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Features of a processor that programs or the kernel may use in a guest, each with the bit of CPUID that tells of it. They are those of the levels of the x86-64
 * ABI (System V ABI, section 3.1.1) and what a kernel profits from that every processor of the level has.
 */
enum CpuFeature {
    FPU(1, 0x1, Register.EDX, 0),
    VME(1, 0x1, Register.EDX, 1),
    DE(1, 0x1, Register.EDX, 2),
    PSE(1, 0x1, Register.EDX, 3),
    TSC(1, 0x1, Register.EDX, 4),
    MSR(1, 0x1, Register.EDX, 5),
    PAE(1, 0x1, Register.EDX, 6),
    CX8(1, 0x1, Register.EDX, 8),
    APIC(1, 0x1, Register.EDX, 9),
    SEP(1, 0x1, Register.EDX, 11),
    MTRR(1, 0x1, Register.EDX, 12),
    PGE(1, 0x1, Register.EDX, 13),
    CMOV(1, 0x1, Register.EDX, 15),
    PAT(1, 0x1, Register.EDX, 16),
    PSE36(1, 0x1, Register.EDX, 17),
    CLFLUSH(1, 0x1, Register.EDX, 19),
    MMX(1, 0x1, Register.EDX, 23),
    FXSR(1, 0x1, Register.EDX, 24),
    SSE(1, 0x1, Register.EDX, 25),
    SSE2(1, 0x1, Register.EDX, 26),
    SYSCALL(1, 0x80000001, Register.EDX, 11),
    NX(1, 0x80000001, Register.EDX, 20),
    LM(1, 0x80000001, Register.EDX, 29),
    KVM_CLOCKSOURCE(1, 0x40000001, Register.EAX, 0),
    KVM_NOP_IO_DELAY(1, 0x40000001, Register.EAX, 1),
    KVM_CLOCKSOURCE2(1, 0x40000001, Register.EAX, 3),
    KVM_CLOCKSOURCE_STABLE(1, 0x40000001, Register.EAX, 24),

    SSE3(2, 0x1, Register.ECX, 0),
    SSSE3(2, 0x1, Register.ECX, 9),
    CX16(2, 0x1, Register.ECX, 13),
    SSE4_1(2, 0x1, Register.ECX, 19),
    SSE4_2(2, 0x1, Register.ECX, 20),
    POPCNT(2, 0x1, Register.ECX, 23),
    LAHF(2, 0x80000001, Register.ECX, 0),
    RDTSCP(2, 0x80000001, Register.EDX, 27),

    PCLMULQDQ(3, 0x1, Register.ECX, 1),
    FMA(3, 0x1, Register.ECX, 12),
    MOVBE(3, 0x1, Register.ECX, 22),
    AES(3, 0x1, Register.ECX, 25),
    XSAVE(3, 0x1, Register.ECX, 26),
    AVX(3, 0x1, Register.ECX, 28),
    F16C(3, 0x1, Register.ECX, 29),
    RDRAND(3, 0x1, Register.ECX, 30),
    FSGSBASE(3, 0x7, Register.EBX, 0),
    BMI1(3, 0x7, Register.EBX, 3),
    AVX2(3, 0x7, Register.EBX, 5),
    SMEP(3, 0x7, Register.EBX, 7),
    BMI2(3, 0x7, Register.EBX, 8),
    LZCNT(3, 0x80000001, Register.ECX, 5),
    XSAVE_OF_X87(3, 0xD, Register.EAX, 0),
    XSAVE_OF_SSE(3, 0xD, Register.EAX, 1),
    XSAVE_OF_AVX(3, 0xD, Register.EAX, 2),
    XSAVEOPT(3, 0xD, 1, Register.EAX, 0, null),

    /** These make the kernel's page table isolation cheap, which it uses on Intel's. */
    PCID(3, 0x1, 0, Register.ECX, 17, CpuVendor.INTEL),
    INVPCID(3, 0x7, 0, Register.EBX, 10, CpuVendor.INTEL),
    ERMS(3, 0x7, 0, Register.EBX, 9, CpuVendor.INTEL);

    /** The four registers of an answer of CPUID. */
    enum Register {
        EAX,
        EBX,
        ECX,
        EDX
    }

    private final int level;
    private final int function;
    private final int index;
    private final Register register;
    private final int bit;
    private final @Nullable CpuVendor vendor;

    CpuFeature(int level, int function, Register register, int bit) {
        this(level, function, 0, register, bit, null);
    }

    CpuFeature(int level, int function, int index, Register register, int bit, @Nullable CpuVendor vendor) {
        this.level = level;
        this.function = function;
        this.index = index;
        this.register = register;
        this.bit = bit;
        this.vendor = vendor;
    }

    /** Whether a model of a vendor and level has it. */
    boolean isOf(CpuVendor vendor, int level) {
        return this.level <= level && (this.vendor == null || this.vendor == vendor);
    }

    /** Whether a table of answers tells of it. */
    boolean isIn(List<CpuidEntry> table) {
        for (CpuidEntry entry : table) {
            if (entry.function() == function && entry.index() == index) {
                int value = switch (register) {
                    case EAX -> entry.eax();
                    case EBX -> entry.ebx();
                    case ECX -> entry.ecx();
                    case EDX -> entry.edx();
                };
                return ((value >>> bit) & 1) != 0;
            }
        }
        return false;
    }

    /** The bits of all features that a model has in one register. */
    static int bits(CpuVendor vendor, int level, int function, int index, Register register) {
        int bits = 0;
        for (CpuFeature feature : values()) {
            if (feature.isOf(vendor, level)
                    && feature.function == function
                    && feature.index == index
                    && feature.register == register) {
                bits |= 1 << feature.bit;
            }
        }
        return bits;
    }
}
