package dev.supermachine.junit;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.engine.JupiterTestEngine;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.engine.reporting.ReportEntry;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.testkit.engine.EngineExecutionResults;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Event;

/** Runs fixtures as JUnit runs tests, and reads what came of it. */
final class Runs {

    private Runs() {}

    static EngineExecutionResults run(Class<?>... fixtures) {
        return run(Map.of(), fixtures);
    }

    /** All fixtures in one run, with these configuration parameters. */
    static EngineExecutionResults run(Map<String, String> parameters, Class<?>... fixtures) {
        EngineTestKit.Builder kit = EngineTestKit.engine("junit-jupiter").configurationParameters(parameters);
        for (Class<?> fixture : fixtures) {
            kit.selectors(DiscoverySelectors.selectClass(fixture));
        }
        return kit.execute();
    }

    /** A session as a build tool opens it, with nothing but Jupiter in it. */
    static LauncherSession openSession() {
        return LauncherFactory.openSession(LauncherConfig.builder()
                .enableLauncherSessionListenerAutoRegistration(false)
                .enableLauncherDiscoveryListenerAutoRegistration(false)
                .enableTestExecutionListenerAutoRegistration(false)
                .enablePostDiscoveryFilterAutoRegistration(false)
                .enableTestEngineAutoRegistration(false)
                .addTestEngines(new JupiterTestEngine())
                .build());
    }

    /** What a session's launcher can be asked to run. */
    static LauncherDiscoveryRequest request(Map<String, String> parameters, Class<?> fixture) {
        return LauncherDiscoveryRequestBuilder.request()
                .selectors(DiscoverySelectors.selectClass(fixture))
                .configurationParameters(parameters)
                .build();
    }

    /** Why tests and classes failed. */
    static List<Throwable> failures(EngineExecutionResults results) {
        return results.allEvents()
                .failed()
                .map(event -> event.getRequiredPayload(TestExecutionResult.class))
                .flatMap(result -> result.getThrowable().stream())
                .toList();
    }

    /** The messages of {@link #failures}. */
    static List<String> messages(EngineExecutionResults results) {
        return failures(results).stream().map(Throwable::getMessage).toList();
    }

    /** What tests published, with the one that did as {@code test}. */
    static List<Published> published(EngineExecutionResults results) {
        return results.allEvents()
                .reportingEntryPublished()
                .map(Runs::published)
                .toList();
    }

    private static Published published(Event event) {
        return new Published(
                event.getTestDescriptor().getUniqueId().toString(),
                event.getRequiredPayload(ReportEntry.class).getKeyValuePairs());
    }

    record Published(String test, Map<String, String> values) {

        String get(String key) {
            return values.getOrDefault(key, "");
        }
    }
}
