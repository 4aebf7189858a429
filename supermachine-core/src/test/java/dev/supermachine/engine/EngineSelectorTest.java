package dev.supermachine.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.EngineException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class EngineSelectorTest {

    private final List<String> probed = new ArrayList<>();

    @Test
    void takesTheBestUsableEngineAndTriesNoneBelowIt() {
        EngineSelector selector = new EngineSelector(List.of(
                new Fixed("low", 1, Availability.usable("fine")),
                new Fixed("high", 9, Availability.unusable("broken")),
                new Fixed("middle", 5, Availability.usable("fine"))));
        assertThat(selector.choose(null).id()).isEqualTo("middle");
        assertThat(probed).containsExactly("high", "middle");
    }

    @Test
    void listsWhyEachEngineCannotBeUsed() {
        EngineSelector selector = new EngineSelector(List.of(
                new Fixed("one", 1, Availability.unusable("Install one.")),
                new Fixed("two", 2, Availability.unusable("Enable two."))));
        assertThatThrownBy(() -> selector.choose(null))
                .isInstanceOf(EngineException.class)
                .hasMessage("No engine can run a machine here.\n  two: Enable two.\n  one: Install one.");
    }

    @Test
    void saysThatThereIsNoEngineAtAll() {
        assertThatThrownBy(() -> new EngineSelector(List.of()).choose(null))
                .isInstanceOf(EngineException.class)
                .hasMessage("No engine can run a machine here.\n  The class path has none.");
    }

    @Test
    void takesTheEngineAskedForEvenIfThereIsABetterOne() {
        EngineSelector selector = new EngineSelector(List.of(
                new Fixed("low", 1, Availability.usable("fine")), new Fixed("high", 9, Availability.usable("fine"))));
        assertThat(selector.choose("low").id()).isEqualTo("low");
        assertThat(probed).containsExactly("low");
    }

    @Test
    void refusesAnUnusableEngineAskedFor() {
        EngineSelector selector = new EngineSelector(List.of(
                new Fixed("low", 1, Availability.usable("fine")),
                new Fixed("high", 9, Availability.unusable("Install it."))));
        assertThatThrownBy(() -> selector.choose("high"))
                .isInstanceOf(EngineException.class)
                .hasMessage("Engine high was asked for, but cannot be used here: Install it.");
    }

    @Test
    void namesTheEnginesThereAreWhenAskedForAnother() {
        EngineSelector selector = new EngineSelector(List.of(
                new Fixed("low", 1, Availability.usable("fine")), new Fixed("high", 9, Availability.usable("fine"))));
        assertThatThrownBy(() -> selector.choose("hihg"))
                .isInstanceOf(EngineException.class)
                .hasMessage("There is no engine 'hihg'. There are: high, low.");
    }

    @Test
    void findsTheEnginesOfThisLibrary() {
        assertThat(EngineSelector.engines()).extracting(Hypervisor::id).containsExactly("kvm", "qemu-kvm", "qemu-tcg");
        assertThat(EngineSelector.engines()).isSameAs(EngineSelector.engines());
    }

    /** An engine whose probe has one answer; it runs no machines. */
    private final class Fixed implements Hypervisor {

        private final String id;
        private final int preference;
        private final Availability availability;

        Fixed(String id, int preference, Availability availability) {
            this.id = id;
            this.preference = preference;
            this.availability = availability;
        }

        @Override
        public String id() {
            return id;
        }

        @Override
        public int preference() {
            return preference;
        }

        @Override
        public Availability probe() {
            probed.add(id);
            return availability;
        }

        @Override
        public Set<Capability> capabilities() {
            return Set.of();
        }

        @Override
        public String identity() {
            return id;
        }

        @Override
        public Machine boot(MachineSpec spec) {
            throw new EngineException("no machines here");
        }

        @Override
        public Prepared prepare(SnapshotSource snapshot) {
            throw new EngineException("no machines here");
        }
    }
}
