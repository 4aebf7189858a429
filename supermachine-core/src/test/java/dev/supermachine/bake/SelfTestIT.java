package dev.supermachine.bake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.EngineException;
import dev.supermachine.engine.Availability;
import dev.supermachine.engine.Capability;
import dev.supermachine.engine.EngineSelector;
import dev.supermachine.engine.Hypervisor;
import dev.supermachine.engine.Machine;
import dev.supermachine.engine.MachineSpec;
import dev.supermachine.engine.Prepared;
import dev.supermachine.engine.SnapshotSource;
import dev.supermachine.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
@Tag("lab")
class SelfTestIT {

    private static final String FIGURE = "[0-9.]+ ms";

    @TempDir
    private Path cache;

    private final List<String> lines = new ArrayList<>();

    @Test
    void theBestEngineOfThisMachineDoesAllThatIsAskedOfIt() throws IOException {
        List<Hypervisor> engines = EngineSelector.engines();
        assertThat(test(engines)).as(lines.toString()).isTrue();
        int refused = engines.indexOf(EngineSelector.select(null));
        for (int i = 0; i < refused; i++) {
            assertThat(lines.get(i))
                    .isEqualTo("note engine " + engines.get(i).id() + " cannot be used: "
                            + engines.get(i).probe().reason());
        }
        assertThat(lines.subList(refused, lines.size())).hasSize(3);
        assertThat(lines.get(refused))
                .startsWith("ok engine " + engines.get(refused).id() + ": ");
        assertThat(lines.get(refused + 1))
                .matches("ok probe " + FIGURE + ", boot to agent " + FIGURE + ", capture " + FIGURE + ", restore "
                        + FIGURE);
        assertThat(lines.get(refused + 2))
                .matches("ok 20 resets, each to a clean guest: the first " + FIGURE + ", p50 " + FIGURE);
        try (Stream<Path> left = Files.list(cache)) {
            assertThat(left.map(Path::getFileName).map(Path::toString)).noneMatch(name -> name.startsWith("selftest"));
        }
    }

    @Test
    void anEngineThatFailsIsToldOfAndTheNextOneTried() throws IOException {
        Hypervisor good = EngineSelector.select(null);
        assertThat(test(List.of(new Failing(), good))).as(lines.toString()).isTrue();
        assertThat(lines.subList(0, 4))
                .startsWith(
                        "ok engine failing: it seems so",
                        "bad engine failing failed: No machine.",
                        "more The guest's console is empty.")
                .last()
                .asString()
                .startsWith("ok engine " + good.id());
    }

    @Test
    void noneIsLeftIfTheOnlyOneFails() throws IOException {
        assertThat(test(List.of(new Failing()))).isFalse();
        assertThat(lines).hasSize(3);
    }

    private boolean test(List<Hypervisor> engines) throws IOException {
        return new SelfTest(engines, cache, Settings.system().kernelPath(), lines::add).run();
    }

    /** Says that it is usable, and is not. */
    private static final class Failing implements Hypervisor {

        @Override
        public String id() {
            return "failing";
        }

        @Override
        public int preference() {
            return 99;
        }

        @Override
        public Availability probe() {
            return Availability.usable("it seems so");
        }

        @Override
        public Set<Capability> capabilities() {
            return Set.of();
        }

        @Override
        public String identity() {
            return id();
        }

        @Override
        public Machine boot(MachineSpec spec) {
            throw new EngineException("No machine.\nThe guest's console is empty.");
        }

        @Override
        public Prepared prepare(SnapshotSource snapshot) {
            throw new EngineException("No machine.");
        }
    }
}
