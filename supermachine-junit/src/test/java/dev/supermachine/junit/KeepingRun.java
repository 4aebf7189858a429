package dev.supermachine.junit;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.Map;
import org.junit.platform.testkit.engine.EngineExecutionResults;

/** A test run of its own JVM, because the machines it keeps go on as long as that. Argument: the value of the setting. Prints what a user sees. */
final class KeepingRun {

    private KeepingRun() {}

    public static void main(String[] arguments) {
        EngineExecutionResults results = Runs.run(
                Map.of("supermachine.vm.keep-on-failure", arguments[0]), MicroVmExtensionIT.FailingTestCase.class);
        for (Throwable failure : Runs.failures(results)) {
            System.out.println("failed: " + failure.getMessage());
            for (Throwable suppressed : failure.getSuppressed()) {
                System.out.println(
                        "suppressed: " + String.valueOf(suppressed.getMessage()).replace('\n', '|'));
            }
        }
        Runs.published(results).stream()
                .filter(entry -> entry.values().containsKey("kept"))
                .forEach(entry -> System.out.println("entry: " + entry.get("kept")));
        // those that are not kept end in the background
        await().atMost(Duration.ofSeconds(60)).until(() -> Guests.processes().size() <= 2);
        System.out.println("machines: " + Guests.processes().size());
    }
}
