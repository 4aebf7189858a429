package dev.supermachine.vmm;

/** Guests that take interrupts: with descriptor tables, a stack, an enabled local APIC and a handler. */
final class Interruptible {

    /** The only vector with a handler. */
    static final int VECTOR = 0x40;

    /** Where the interrupt descriptor table is; the handler behind, and the stack below. */
    private static final long IDT = 0x6000;

    private static final long HANDLER = 0x7000;

    private static final long GDT = 0x5000;

    /** Loads the tables, sets a stack and enables the local APIC. */
    private static final String PROLOGUE = """
            0f 01 15 f0 5f 00 00           ; lgdt [0x5ff0]
            0f 01 1d f8 5f 00 00           ; lidt [0x5ff8]
            bc 00 f0 00 00                 ; mov esp, 0xf000
            c7 05 f0 00 e0 fe ff 01 00 00  ; mov dword [0xfee000f0], 0x1ff: enable, spurious vector 0xff
            """;

    private Interruptible() {}

    /**
     * With a handler that counts interrupts and writes the count to port 0x20. It returns without IRET: a KVM that emulates all of protected mode does not have
     * that one.
     */
    static TestMachine machine(String code, int vcpus) {
        TestMachine machine = TestMachine.of(GuestRam.zeros(TestMachine.MEMORY), vcpus);
        GuestMemory memory = machine.core.memory();
        memory.putLong(GDT + 8, 0x00CF_9B00_0000_FFFFL);
        memory.putLong(GDT + 16, 0x00CF_9300_0000_FFFFL);
        memory.putShort(0x5FF0, 23);
        memory.putInt(0x5FF2, (int) GDT);
        // A 32-bit interrupt gate to the code segment.
        memory.putInt(IDT + VECTOR * 8, 0x0008_0000 | (int) HANDLER);
        memory.putInt(IDT + VECTOR * 8 + 4, 0x8E00);
        memory.putShort(0x5FF8, 0x7FF);
        memory.putInt(0x5FFA, (int) IDT);
        machine.put(HANDLER, Code.of("""
                        ff 05 00 58 00 00              ; inc dword [0x5800]
                        a1 00 58 00 00                 ; mov eax, [0x5800]
                        e7 20                          ; out 0x20, eax
                        c7 05 b0 00 e0 fe 00 00 00 00  ; mov dword [0xfee000b0], 0: end of interrupt
                        59                             ; pop ecx
                        58                             ; pop eax, the code segment
                        9d                             ; popfd
                        ff e1                          ; jmp ecx
                        """));
        machine.put(TestMachine.ENTRY, Code.of(PROLOGUE + code));
        machine.core.boot(TestMachine.ENTRY, TestMachine.START_INFO);
        return machine;
    }
}
