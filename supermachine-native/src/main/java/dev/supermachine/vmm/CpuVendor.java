package dev.supermachine.vmm;

import dev.supermachine.kvm.CpuidEntry;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Makers of processors. A guest is told the right one, since kernels treat their processors differently in ways no feature bit tells of.
 */
enum CpuVendor {

    /** Tells of a Zen, the first of its family (17h, 1, 2). */
    AMD("amd", "AuthenticAMD", 0x00800F12),

    /** Tells of a Haswell (6, 3Ch, 3). */
    INTEL("intel", "GenuineIntel", 0x000306C3);

    private final String label;
    private final String id;
    private final int signature;

    CpuVendor(String label, String id, int signature) {
        this.label = label;
        this.id = id;
        this.signature = signature;
    }

    /** For names of models. */
    String label() {
        return label;
    }

    /** The 12 characters by which CPUID names it. */
    String id() {
        return id;
    }

    /** Family, model and stepping of all models: a processor that is old enough for a kernel to take every precaution that one of the vendor's may need. */
    int signature() {
        return signature;
    }

    /** Leaf 0, or 80000000h, with the vendor's characters in the order of EBX, EDX, ECX. */
    CpuidEntry leaf(int function, int most) {
        ByteBuffer characters =
                ByteBuffer.wrap(id.getBytes(StandardCharsets.US_ASCII)).order(ByteOrder.LITTLE_ENDIAN);
        return new CpuidEntry(function, 0, 0, most, characters.getInt(0), characters.getInt(8), characters.getInt(4));
    }

    /** The 12 characters in a table, empty if it has none. */
    static String idIn(List<CpuidEntry> table) {
        for (CpuidEntry entry : table) {
            if (entry.function() == 0) {
                ByteBuffer characters = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
                characters.putInt(entry.ebx()).putInt(entry.edx()).putInt(entry.ecx());
                return StandardCharsets.US_ASCII.decode(characters.flip()).toString();
            }
        }
        return "";
    }
}
