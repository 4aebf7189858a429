package dev.supermachine.engine.qemu;

/** How QEMU runs a guest's instructions. */
enum Accelerator {
    /** On the processor, through {@code /dev/kvm}. */
    KVM("kvm", "host"),

    /** By translation, in software. The page tables of {@code la57} have five levels, each a cost and none a use here. */
    TCG("tcg", "max,la57=off");

    private final String option;
    private final String cpu;

    Accelerator(String option, String cpu) {
        this.option = option;
        this.cpu = cpu;
    }

    /**
     * The value of {@code -accel}. Several emulated processors take turns on one thread: with a thread for each, one may execute an instruction that another is
     * just patching, as the kernel does to its own code, and the guest panics. See docs/engines.md.
     */
    String option(int vcpus) {
        return this == TCG && vcpus > 1 ? option + ",thread=single" : option;
    }

    /** The value of {@code -cpu}. */
    String cpu() {
        return cpu;
    }
}
