package dev.supermachine.junit;

import dev.supermachine.Wait;
import dev.supermachine.settings.Settings;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;

/** Annotations as conditions. */
final class Waits {

    private Waits() {}

    /**
     * What a bake waits for.
     *
     * @param annotations all of them are awaited
     * @param anyPort whether there is a port, for whose listener is waited if there are no annotations
     * @return empty to capture before the workload runs
     * @throws ExtensionConfigurationException if an annotation makes no sense
     */
    static Optional<Wait> of(List<WaitFor> annotations, boolean anyPort) {
        if (annotations.isEmpty()) {
            return anyPort ? Optional.of(Wait.forListener()) : Optional.empty();
        }
        List<Wait> waits = annotations.stream().map(Waits::of).toList();
        return Optional.of(waits.size() == 1 ? waits.get(0) : Wait.all(waits.toArray(Wait[]::new)));
    }

    private static Wait of(WaitFor annotation) {
        try {
            Wait wait = kind(annotation);
            return annotation.timeout().isBlank()
                    ? wait
                    : wait.withTimeout(Settings.duration("element timeout of @WaitFor", annotation.timeout()));
        } catch (IllegalArgumentException e) {
            throw new ExtensionConfigurationException("@MicroVm(waitFor): " + e.getMessage(), e);
        }
    }

    private static Wait kind(WaitFor annotation) {
        boolean isLog = !annotation.log().isEmpty();
        boolean isCommand = annotation.command().length > 0;
        boolean isHttp = !annotation.http().isEmpty();
        List<Wait> kinds = new ArrayList<>();
        if (annotation.listener().length > 0) {
            kinds.add(Wait.forListener(annotation.listener()));
        }
        if (isLog) {
            kinds.add(Wait.forLog(annotation.log(), annotation.times()));
        }
        if (isCommand) {
            kinds.add(Wait.forCommand(annotation.command()).withExitCode(annotation.exitCode()));
        }
        if (isHttp) {
            kinds.add(http(annotation));
        }
        if (annotation.healthcheck()) {
            kinds.add(Wait.forHealthcheck());
        }
        if (kinds.size() != 1) {
            throw new IllegalArgumentException(
                    "each @WaitFor has exactly one of listener, log, command, http and healthcheck, but one has "
                            + (kinds.isEmpty() ? "none" : kinds));
        }
        requireUse(isLog || annotation.times() == 1, "times", "log");
        requireUse(isCommand || annotation.exitCode() == 0, "exitCode", "command");
        requireUse(isHttp || annotation.port() == 0, "port", "http");
        requireUse(isHttp || annotation.status() == 200, "status", "http");
        requireUse(isHttp || annotation.body().isEmpty(), "body", "http");
        return kinds.get(0);
    }

    private static Wait http(WaitFor annotation) {
        Wait.Http http = Wait.forHttp(annotation.http()).withStatus(annotation.status());
        if (annotation.port() != 0) {
            http = http.onPort(annotation.port());
        }
        return annotation.body().isEmpty() ? http : http.withBody(annotation.body());
    }

    private static void requireUse(boolean used, String element, String kind) {
        if (!used) {
            throw new IllegalArgumentException(
                    "the element " + element + " of @WaitFor is for " + kind + ", which is not set beside it");
        }
    }
}
