package dev.supermachine.kvm;

/**
 * What a processor answers to the CPUID instruction for one leaf: {@code struct kvm_cpuid_entry2} of linux/kvm.h.
 *
 * @param function the leaf, in EAX
 * @param index the subleaf, in ECX; matters only with {@link #SIGNIFICANT_INDEX}
 * @param flags {@link #SIGNIFICANT_INDEX} or 0
 * @param eax what is answered there
 * @param ebx what is answered there
 * @param ecx what is answered there
 * @param edx what is answered there
 * @since 0.1
 */
public record CpuidEntry(int function, int index, int flags, int eax, int ebx, int ecx, int edx) {

    /** {@code KVM_CPUID_FLAG_SIGNIFCANT_INDEX}: the leaf has subleaves. */
    public static final int SIGNIFICANT_INDEX = 1;

    /**
     * The same leaf with other answers.
     *
     * @param eax as above
     * @param ebx as above
     * @param ecx as above
     * @param edx as above
     * @return a changed copy
     */
    public CpuidEntry with(int eax, int ebx, int ecx, int edx) {
        return new CpuidEntry(function, index, flags, eax, ebx, ecx, edx);
    }
}
