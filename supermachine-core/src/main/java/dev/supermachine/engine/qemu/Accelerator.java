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

    /** The value of {@code -accel}. */
    String option() {
        return option;
    }

    /** The value of {@code -cpu}. */
    String cpu() {
        return cpu;
    }
}
