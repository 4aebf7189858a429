package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.supermachine.kvm.CpuidEntry;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The tables are what KVM supports on some hosts, shortened to the leaves that matter: function, index, EAX, EBX, ECX, EDX. */
class CpuModelTest {

    private static final String KVM_FEATURES = "40000001 0 01007efb 00000000 00000000 00000000\n";

    /** An EPYC of the third generation (Milan). */
    private static final List<CpuidEntry> EPYC = table(KVM_FEATURES + """
            00000000 0 00000010 68747541 444d4163 69746e65
            00000001 0 00a00f11 00800800 fefa3203 178bfbff
            00000007 0 00000000 219c97a9 0040069c ac000010
            0000000d 0 00000207 00000240 00000988 00000000
            0000000d 1 0000000f 00000240 00001800 00000000
            80000001 0 00a00f11 40000000 00c003f7 2fd3fbff
            80000007 0 00000000 00000000 00000000 00000100
            80000008 0 00003030 01c1d200 00000000 00000000
            """);

    /** A Haswell. */
    private static final List<CpuidEntry> HASWELL = table(KVM_FEATURES + """
            00000000 0 0000000d 756e6547 6c65746e 49656e69
            00000001 0 000306c3 00100800 fffa3203 0f8bfbff
            00000007 0 00000000 000027ab 00000000 9c000400
            0000000d 0 00000007 00000340 00000340 00000000
            0000000d 1 00000001 00000000 00000000 00000000
            80000001 0 00000000 00000000 00000021 2c100800
            80000008 0 00003027 00000000 00000000 00000000
            """);

    /** A server of the Sapphire Rapids generation, which has all and more. */
    private static final List<CpuidEntry> SAPPHIRE_RAPIDS = table(KVM_FEATURES + """
            00000000 0 00000020 756e6547 6c65746e 49656e69
            00000001 0 000806f8 00400800 fffa3203 1f8bfbff
            00000007 0 00000002 f1bf27ef 1b415f6e bc814410
            0000000d 0 000602e7 00000a80 00002b00 00000000
            0000000d 1 0000001f 00000a80 00001900 00000000
            80000001 0 00000000 00000000 00000121 2c100800
            80000008 0 00003934 00000000 00000000 00000000
            """);

    /** A Nehalem, without AVX. */
    private static final List<CpuidEntry> NEHALEM = table(KVM_FEATURES + """
            00000000 0 0000000b 756e6547 6c65746e 49656e69
            00000001 0 000106a5 00100800 80b82201 0f8bfbff
            00000007 0 00000000 00000002 00000000 00000000
            80000001 0 00000000 00000000 00000001 28100800
            80000008 0 00003024 00000000 00000000 00000000
            """);

    /** KVM by software, which has neither XSAVE nor POPCNT. */
    private static final List<CpuidEntry> SOFTWARE = table(KVM_FEATURES + """
            00000000 0 0000001c 68747541 444d4163 69746e65
            00000001 0 00b00f21 01020800 81202000 078bfbff
            00000007 0 00000001 01800002 00000104 20000000
            0000000d 0 000000e7 00000980 00000980 00000000
            80000001 0 00b00f21 40000000 00400393 23d3fbff
            80000008 0 00003030 50020005 00007001 00000000
            """);

    private static List<CpuidEntry> table(String lines) {
        List<CpuidEntry> entries = new ArrayList<>();
        for (String line : lines.lines().collect(Collectors.toList())) {
            int[] words = new int[6];
            String[] parts = line.split(" ", -1);
            for (int i = 0; i < 6; i++) {
                words[i] = Integer.parseUnsignedInt(parts[i], 16);
            }
            entries.add(new CpuidEntry(words[0], words[1], 0, words[2], words[3], words[4], words[5]));
        }
        return entries;
    }

    /** A host that lacks bits another has. */
    private static List<CpuidEntry> without(List<CpuidEntry> host, int function, int ebx, int ecx) {
        return host.stream()
                .map(entry -> entry.function() == function
                        ? entry.with(entry.eax(), entry.ebx() & ~ebx, entry.ecx() & ~ecx, entry.edx())
                        : entry)
                .collect(Collectors.toList());
    }

    private static CpuidEntry leaf(List<CpuidEntry> table, int function, int index) {
        return table.stream()
                .filter(entry -> entry.function() == function && entry.index() == index)
                .findFirst()
                .orElseThrow(() -> new AssertionError("No leaf " + Integer.toHexString(function) + "." + index));
    }

    private static String hex(CpuidEntry entry) {
        return String.format("%x %x %x %x", entry.eax(), entry.ebx(), entry.ecx(), entry.edx());
    }

    @Test
    void takesTheHighestLevelThatTheHostOffers() {
        assertThat(CpuModel.best(EPYC).name()).isEqualTo("amd-x86-64-v3");
        assertThat(CpuModel.best(HASWELL).name()).isEqualTo("intel-x86-64-v3");
        assertThat(CpuModel.best(SAPPHIRE_RAPIDS).name()).isEqualTo("intel-x86-64-v3");
        assertThat(CpuModel.best(NEHALEM).name()).isEqualTo("intel-x86-64-v2");
        assertThat(CpuModel.best(SOFTWARE).name()).isEqualTo("amd-x86-64-v1");
    }

    @Test
    void oneFeatureLessIsALevelLess() {
        List<CpuidEntry> withoutAvx2 = without(EPYC, 7, 1 << 5, 0);
        assertThat(CpuModel.best(withoutAvx2).name()).isEqualTo("amd-x86-64-v2");
        assertThat(CpuModel.named("amd-x86-64-v3").missingOn(withoutAvx2)).containsExactly("avx2");
        List<CpuidEntry> withoutSse3 = without(EPYC, 1, 0, 1);
        assertThat(CpuModel.best(withoutSse3).name()).isEqualTo("amd-x86-64-v1");
        assertThat(CpuModel.named("amd-x86-64-v2").missingOn(withoutSse3)).containsExactly("sse3");
    }

    @Test
    void whatAnEarlyZenAndItsEmulationLackIsNotAskedFor() {
        // ERMS, SMAP, RDSEED, ADX, SHA; PCID; XSAVEC and XSAVES.
        List<CpuidEntry> host = without(without(EPYC, 7, 0x201C0200 | (1 << 19), 0), 1, 0, 1 << 17).stream()
                .map(entry -> entry.function() == 0xD && entry.index() == 1 ? entry.with(5, 0, 0, 0) : entry)
                .collect(Collectors.toList());
        assertThat(CpuModel.best(host).name()).isEqualTo("amd-x86-64-v3");
    }

    @Test
    void aHostOffersItsLevelAndThoseBelow() {
        assertThat(CpuModel.named("intel-x86-64-v1").offeredBy(HASWELL)).isTrue();
        assertThat(CpuModel.named("intel-x86-64-v2").offeredBy(HASWELL)).isTrue();
        assertThat(CpuModel.named("intel-x86-64-v3").offeredBy(NEHALEM)).isFalse();
        assertThat(CpuModel.named("intel-x86-64-v3").missingOn(NEHALEM))
                .contains("avx", "xsave", "bmi2", "xsave_of_avx", "invpcid")
                .doesNotContain("sse4_2");
        assertThat(CpuModel.named("amd-x86-64-v1").missingOn(HASWELL)).containsExactly("AuthenticAMD");
    }

    @Test
    void refusesAHostWithoutAnyModel() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CpuModel.best(EPYC.subList(1, EPYC.size())))
                .withMessage("KVM offers no processor a guest could use here: it lacks kvm_clocksource, "
                        + "kvm_nop_io_delay, kvm_clocksource2, kvm_clocksource_stable for amd-x86-64-v1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CpuModel.best(List.of()))
                .withMessage("KVM offers no processor a guest could use here: expected one of AuthenticAMD or"
                        + " GenuineIntel, but it is \"\"");
        List<CpuidEntry> narrow = EPYC.stream()
                .map(entry -> entry.function() == 0x80000008 ? entry.with(0x3020, 0, 0, 0) : entry)
                .collect(Collectors.toList());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CpuModel.best(narrow))
                .withMessageEndingWith("it lacks physical addresses of 36 bits for amd-x86-64-v1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "amd-x86-64-v1",
                "amd-x86-64-v2",
                "amd-x86-64-v3",
                "intel-x86-64-v1",
                "intel-x86-64-v2",
                "intel-x86-64-v3"
            })
    void everyModelHasANameAndConsistentLeaves(String name) {
        CpuModel model = CpuModel.named(name);
        assertThat(model.name()).isEqualTo(name);
        assertThat(model).hasToString(name);
        for (int vcpus = 1; vcpus <= 8; vcpus++) {
            for (int vcpu = 0; vcpu < vcpus; vcpu++) {
                List<CpuidEntry> table = model.cpuid(vcpu, vcpus);
                assertThat(model.offeredBy(table))
                        .as("a guest could be a host of its own model")
                        .isTrue();
                Set<Long> leaves = new HashSet<>();
                for (CpuidEntry entry : table) {
                    long key = (Integer.toUnsignedLong(entry.function()) << 32) | entry.index();
                    assertThat(leaves.add(key)).as("leaf %x is there once", key).isTrue();
                    int base = entry.function() & 0xF0000000;
                    assertThat(Integer.compareUnsigned(
                                    entry.function(), leaf(table, base, 0).eax()))
                            .isNotPositive();
                }
                assertThat(leaf(table, 1, 0).ebx() >>> 24).isEqualTo(vcpu);
                assertThat(leaf(table, 0xB, 0).edx()).isEqualTo(vcpu);
                assertThat(leaf(table, 0xB, 1).ebx()).isEqualTo(vcpus);
                assertThat(1 << leaf(table, 0xB, 1).eax()).isGreaterThanOrEqualTo(vcpus);
                assertThat((leaf(table, 1, 0).edx() & (1 << 28)) != 0).isEqualTo(vcpus > 1);
            }
        }
    }

    @Test
    void aModelIsTheSameBytesWhateverTheHost() {
        assertThat(CpuModel.best(HASWELL).cpuid(1, 2))
                .isEqualTo(CpuModel.best(SAPPHIRE_RAPIDS).cpuid(1, 2));
    }

    /** A changed value makes snapshots useless that were taken before; so it should not change unnoticed. */
    @Test
    void theTableOfAnAmd() {
        List<CpuidEntry> table = CpuModel.named("amd-x86-64-v3").cpuid(2, 4);
        assertThat(hex(leaf(table, 0, 0))).isEqualTo("d 68747541 444d4163 69746e65");
        assertThat(hex(leaf(table, 1, 0))).isEqualTo("800f12 2040800 f7f83203 178bbb7d");
        assertThat(hex(leaf(table, 6, 0))).isEqualTo("4 0 0 0");
        assertThat(hex(leaf(table, 7, 0))).isEqualTo("0 1a9 0 0");
        assertThat(hex(leaf(table, 0xB, 0))).isEqualTo("0 1 100 2");
        assertThat(hex(leaf(table, 0xB, 1))).isEqualTo("2 4 201 2");
        assertThat(hex(leaf(table, 0xB, 2))).isEqualTo("0 0 2 2");
        assertThat(hex(leaf(table, 0xD, 0))).isEqualTo("7 240 340 0");
        assertThat(hex(leaf(table, 0xD, 1))).isEqualTo("1 0 0 0");
        assertThat(hex(leaf(table, 0xD, 2))).isEqualTo("100 240 0 0");
        assertThat(hex(leaf(table, 0x80000000, 0))).isEqualTo("8000001e 68747541 444d4163 69746e65");
        assertThat(hex(leaf(table, 0x80000001, 0))).isEqualTo("800f12 0 400023 2993bb7d");
        assertThat(hex(leaf(table, 0x80000008, 0))).isEqualTo("3024 0 2003 0");
        assertThat(hex(leaf(table, 0x8000001D, 0))).isEqualTo("121 1c0003f 3f 0");
        assertThat(hex(leaf(table, 0x8000001D, 1))).isEqualTo("122 c0003f ff 0");
        assertThat(hex(leaf(table, 0x8000001D, 2))).isEqualTo("143 1c0003f 3ff 0");
        assertThat(hex(leaf(table, 0x8000001D, 3))).isEqualTo("c163 3c0003f 1fff 0");
        assertThat(hex(leaf(table, 0x8000001D, 4))).isEqualTo("0 0 0 0");
        assertThat(hex(leaf(table, 0x8000001E, 0))).isEqualTo("2 2 0 0");
        assertThat(hex(leaf(table, 0x40000000, 0))).isEqualTo("40000001 4b4d564b 564b4d56 4d");
        assertThat(hex(leaf(table, 0x40000001, 0))).isEqualTo("100000b 0 0 0");
        assertThat(table.stream().map(CpuidEntry::function))
                .as("no monitor, no counters, no invariant counter, no encryption")
                .doesNotContain(5, 0xA, 0x80000007, 0x8000000A, 0x8000001F);
    }

    @Test
    void theTableOfAnIntel() {
        List<CpuidEntry> table = CpuModel.named("intel-x86-64-v3").cpuid(0, 1);
        assertThat(hex(leaf(table, 0, 0))).isEqualTo("d 756e6547 6c65746e 49656e69");
        assertThat(hex(leaf(table, 1, 0))).isEqualTo("306c3 10800 f7fa3203 78bbb7d");
        assertThat(hex(leaf(table, 2, 0))).isEqualTo("76036301 f0b5ff 0 c10000");
        assertThat(hex(leaf(table, 4, 0))).isEqualTo("121 1c0003f 3f 0");
        assertThat(hex(leaf(table, 4, 2))).isEqualTo("143 1c0003f 1ff 0");
        assertThat(hex(leaf(table, 4, 3))).isEqualTo("163 3c0003f 1fff 0");
        assertThat(hex(leaf(table, 7, 0))).isEqualTo("0 7a9 0 0");
        assertThat(hex(leaf(table, 0x80000000, 0))).isEqualTo("80000008 756e6547 6c65746e 49656e69");
        assertThat(hex(leaf(table, 0x80000001, 0))).isEqualTo("0 0 21 28100800");
        assertThat(hex(leaf(table, 0x80000006, 0))).isEqualTo("0 0 1006040 0");
        assertThat(hex(leaf(table, 0x80000008, 0))).isEqualTo("3024 0 0 0");
        assertThat(hex(leaf(CpuModel.named("intel-x86-64-v3").cpuid(5, 6), 4, 3)))
                .as("as many numbers as three bits give")
                .isEqualTo("1c01c163 3c0003f 1fff 0");
    }

    @Test
    void theTableOfTheLowestLevelHasNothingBeyondIt() {
        List<CpuidEntry> table = CpuModel.best(SOFTWARE).cpuid(0, 1);
        assertThat(hex(leaf(table, 0, 0))).startsWith("b ");
        assertThat(hex(leaf(table, 1, 0))).isEqualTo("800f12 10800 81200000 78bbb7d");
        assertThat(hex(leaf(table, 7, 0))).isEqualTo("0 0 0 0");
        assertThat(hex(leaf(table, 0x80000001, 0))).isEqualTo("800f12 0 400000 2193bb7d");
        assertThat(table.stream().map(CpuidEntry::function)).doesNotContain(0xD);
    }

    @Test
    void theNameOfTheModelIsTheProcessors() {
        List<CpuidEntry> table = CpuModel.named("intel-x86-64-v2").cpuid(0, 1);
        StringBuilder name = new StringBuilder();
        for (int function = 0x80000002; function <= 0x80000004; function++) {
            CpuidEntry entry = leaf(table, function, 0);
            for (int word : new int[] {entry.eax(), entry.ebx(), entry.ecx(), entry.edx()}) {
                for (int i = 0; i < 32; i += 8) {
                    name.append((char) ((word >>> i) & 0xFF));
                }
            }
        }
        assertThat(name.toString().replace("\0", "")).isEqualTo("supermachine x86-64-v2");
    }

    @Test
    void refusesANameOrVcpuThatDoesNotExist() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CpuModel.named("amd-x86-64-v4"))
                .withMessage("Expected a model of a processor out of amd-x86-64-v1, amd-x86-64-v2, amd-x86-64-v3,"
                        + " intel-x86-64-v1, intel-x86-64-v2, intel-x86-64-v3, but got amd-x86-64-v4");
        CpuModel model = CpuModel.best(EPYC);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.cpuid(2, 2))
                .withMessage("Expected one of 1 to 8 vCPUs, but got number 2 of 2");
        assertThatIllegalArgumentException().isThrownBy(() -> model.cpuid(0, 9));
        assertThatIllegalArgumentException().isThrownBy(() -> model.cpuid(-1, 1));
    }
}
