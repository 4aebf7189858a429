package dev.supermachine.kvm;

import dev.supermachine.kvm.KvmLayout.KvmCpuid2;
import dev.supermachine.kvm.KvmLayout.KvmCpuidEntry2;
import dev.supermachine.linux.NativeBlock;
import java.util.ArrayList;
import java.util.List;

/** {@code struct kvm_cpuid2} and its entries, to and from memory. */
final class CpuidBlock {

    private CpuidBlock() {}

    /** Room for as many entries. */
    static NativeBlock room(int entries) {
        NativeBlock block = new NativeBlock(KvmCpuid2.SIZEOF + entries * KvmCpuidEntry2.SIZEOF);
        block.bytes().putInt(KvmCpuid2.NENT, entries);
        return block;
    }

    static NativeBlock of(List<CpuidEntry> entries) {
        NativeBlock block = room(entries.size());
        int at = KvmCpuid2.ENTRIES;
        for (CpuidEntry entry : entries) {
            block.bytes()
                    .putInt(at + KvmCpuidEntry2.FUNCTION, entry.function())
                    .putInt(at + KvmCpuidEntry2.INDEX, entry.index())
                    .putInt(at + KvmCpuidEntry2.FLAGS, entry.flags())
                    .putInt(at + KvmCpuidEntry2.EAX, entry.eax())
                    .putInt(at + KvmCpuidEntry2.EBX, entry.ebx())
                    .putInt(at + KvmCpuidEntry2.ECX, entry.ecx())
                    .putInt(at + KvmCpuidEntry2.EDX, entry.edx());
            at += KvmCpuidEntry2.SIZEOF;
        }
        return block;
    }

    static List<CpuidEntry> entries(NativeBlock block) {
        List<CpuidEntry> entries = new ArrayList<>();
        for (int i = 0; i < block.bytes().getInt(KvmCpuid2.NENT); i++) {
            int at = KvmCpuid2.ENTRIES + i * KvmCpuidEntry2.SIZEOF;
            entries.add(new CpuidEntry(
                    block.bytes().getInt(at + KvmCpuidEntry2.FUNCTION),
                    block.bytes().getInt(at + KvmCpuidEntry2.INDEX),
                    block.bytes().getInt(at + KvmCpuidEntry2.FLAGS),
                    block.bytes().getInt(at + KvmCpuidEntry2.EAX),
                    block.bytes().getInt(at + KvmCpuidEntry2.EBX),
                    block.bytes().getInt(at + KvmCpuidEntry2.ECX),
                    block.bytes().getInt(at + KvmCpuidEntry2.EDX)));
        }
        return List.copyOf(entries);
    }
}
