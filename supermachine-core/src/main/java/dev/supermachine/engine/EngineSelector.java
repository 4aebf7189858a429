package dev.supermachine.engine;

import dev.supermachine.EngineException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Chooses the engine: the best of those that are usable, or the one that was asked for. Thread-safe.
 *
 * @since 0.1
 */
public final class EngineSelector {

    private static final Logger LOG = LoggerFactory.getLogger(EngineSelector.class);

    private final List<Hypervisor> engines;
    private final Set<String> announced = new HashSet<>();

    EngineSelector(List<Hypervisor> engines) {
        this.engines = engines.stream()
                .sorted(Comparator.comparingInt(Hypervisor::preference).reversed())
                .toList();
    }

    private static final class Holder {
        private static final EngineSelector INSTANCE =
                new EngineSelector(ServiceLoader.load(Hypervisor.class, EngineSelector.class.getClassLoader()).stream()
                        .map(ServiceLoader.Provider::get)
                        .toList());
    }

    /**
     * All engines there are, usable or not, the best first. The same objects on every call, so that what they found out is found out once.
     *
     * @return the engines
     */
    public static List<Hypervisor> engines() {
        return Holder.INSTANCE.engines;
    }

    /**
     * The engine to use. The first call may take seconds, because engines are tried; what is chosen is logged once, as a warning where a better one could
     * not be used.
     *
     * @param forcedId the id of the only engine that will do, or null for the best one
     * @return a usable engine
     * @throws EngineException if there is none; the message lists every engine tried with its reason
     */
    public static Hypervisor select(@Nullable String forcedId) {
        return Holder.INSTANCE.choose(forcedId);
    }

    Hypervisor choose(@Nullable String forcedId) {
        return forcedId == null ? best() : forced(forcedId);
    }

    private Hypervisor best() {
        List<String> refused = new ArrayList<>();
        for (Hypervisor engine : engines) {
            Availability availability = engine.probe();
            if (availability.usable()) {
                announce(engine, availability, refused);
                return engine;
            }
            refused.add(engine.id() + ": " + availability.reason());
        }
        throw new EngineException("No engine can run a machine here.\n  "
                + (refused.isEmpty() ? "The class path has none." : String.join("\n  ", refused)));
    }

    private Hypervisor forced(String id) {
        Hypervisor engine = engines.stream()
                .filter(candidate -> candidate.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new EngineException("There is no engine '" + id + "'. There are: "
                        + engines.stream().map(Hypervisor::id).collect(Collectors.joining(", ")) + "."));
        Availability availability = engine.probe();
        if (!availability.usable()) {
            throw new EngineException(
                    "Engine " + id + " was asked for, but cannot be used here: " + availability.reason());
        }
        announce(engine, availability, List.of());
        return engine;
    }

    private void announce(Hypervisor engine, Availability availability, List<String> refused) {
        synchronized (announced) {
            if (!announced.add(engine.id())) {
                return;
            }
        }
        if (refused.isEmpty()) {
            LOG.info("Engine {}: {}", engine.id(), availability.reason());
        } else {
            LOG.warn(
                    "Engine {}: {}. Better ones cannot be used: {}",
                    engine.id(),
                    availability.reason(),
                    String.join("; ", refused));
        }
    }
}
