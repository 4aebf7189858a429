package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.kvm.KvmException;
import dev.supermachine.kvm.MsrBlock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What KVM is asked for when it refuses to set registers. */
class VcpuMsrsTest {

    private final Map<Integer, Long> values = new HashMap<>();
    private final TreeSet<Integer> refused = new TreeSet<>();
    private final List<String> calls = new ArrayList<>();
    private final VcpuMsrs registers = new VcpuMsrs(this::get, this::set);

    private int get(MsrBlock block) {
        calls.add("get " + block.count());
        for (int i = 0; i < block.count(); i++) {
            Long value = values.get(block.index(i));
            if (value == null) {
                return i;
            }
            block.put(i, value);
        }
        return block.count();
    }

    private int set(MsrBlock block) {
        calls.add("set " + block.count());
        for (int i = 0; i < block.count(); i++) {
            if (refused.contains(block.index(i))) {
                return i;
            }
            values.put(block.index(i), block.value(i));
        }
        return block.count();
    }

    private static MsrBlock block() {
        return new MsrBlock(1, 2, 3, 4).put(0, 10).put(1, 20).put(2, 30).put(3, 40);
    }

    @Test
    void allThatAreTakenAreSetByOneCall() {
        registers.write(block());
        assertThat(values).isEqualTo(Map.of(1, 10L, 2, 20L, 3, 30L, 4, 40L));
        assertThat(calls).containsExactly("set 4");
    }

    @Test
    void whatIsRefusedIsAskedForOnceForAll() {
        refused.addAll(List.of(2, 4));
        values.putAll(Map.of(2, 20L, 4, 40L));
        MsrBlock block = block();

        registers.write(block);
        assertThat(calls).containsExactly("set 4", "get 1", "set 2", "get 1");
        assertThat(values).containsEntry(1, 10L).containsEntry(3, 30L);

        calls.clear();
        values.putAll(Map.of(1, 0L, 3, 0L));
        registers.write(new MsrBlock(9).put(0, 90)); // another in between, as the timer's deadline
        registers.write(block);
        assertThat(calls).containsExactly("set 1", "set 2");
        assertThat(values).containsEntry(1, 10L).containsEntry(3, 30L);
    }

    @Test
    void whatIsRefusedOnlyLaterIsLookedAt() {
        refused.add(2);
        values.put(2, 20L);
        MsrBlock block = block();
        registers.write(block);

        refused.add(3);
        values.put(3, 31L);
        assertThatThrownBy(() -> registers.write(block))
                .isInstanceOf(KvmException.class)
                .hasMessageContaining("does not set model-specific register 0x3 to 0x1e, where it is 0x1f;");
    }

    @Test
    void registersOfAnotherStateAreLookedAtAnew() {
        refused.add(2);
        values.put(2, 20L);
        registers.write(block());
        MsrBlock other = block().put(1, 21);

        assertThatThrownBy(() -> registers.write(other))
                .isInstanceOf(KvmException.class)
                .hasMessageContaining("register 0x2 to 0x15, where it is 0x14;");
    }
}
