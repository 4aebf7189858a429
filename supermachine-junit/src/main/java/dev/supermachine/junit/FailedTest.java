package dev.supermachine.junit;

import dev.supermachine.MachineException;
import dev.supermachine.Vm;
import dev.supermachine.engine.Evidence;
import dev.supermachine.settings.KeepOnFailure;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Tells what the machine of a failed test leaves behind: all of it as report entries, and the last lines in the failure itself, as suppressed exceptions, for
 * the many tools that show no report entries. A test that succeeds gets nothing of this.
 */
final class FailedTest {

    /** In the failure; the report entries have what messages have. */
    private static final int LINES = 20;

    private final Vm vm;
    private final Throwable failure;
    private final Consumer<Map<String, String>> report;

    FailedTest(Vm vm, Throwable failure, Consumer<Map<String, String>> report) {
        this.vm = vm;
        this.failure = failure;
        this.report = report;
    }

    void report(KeepOnFailure keep) {
        evidence();
        if (keep != KeepOnFailure.NO) {
            keep();
        }
    }

    private void evidence() {
        Map<String, String> entry = new LinkedHashMap<>();
        entry.put("machine", vm.name());
        try {
            String console = vm.console();
            entry.put("console", orEmpty(Evidence.tail(console)));
            String log = vm.logs();
            entry.put("log", orEmpty(Evidence.tail(log)));
            say("The machine '" + vm.name() + "' when the test failed:" + Evidence.of(log, console, LINES));
        } catch (RuntimeException e) {
            entry.put("failure", String.valueOf(e.getMessage()));
            if (e instanceof MachineException && !hasEvidence(failure)) {
                say("The machine '" + vm.name() + "' cannot be asked any more. " + e.getMessage());
            }
        }
        report.accept(entry);
    }

    private void keep() {
        String said;
        try {
            said = vm.keep().toString();
        } catch (RuntimeException e) {
            said = "The machine '" + vm.name() + "' was to be kept, but could not be: " + e.getMessage();
        }
        report.accept(Map.of("kept", said));
        say(said);
    }

    /** A machine that failed has told its story in the exception that the test got from it. */
    private static boolean hasEvidence(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof MachineException) {
                return true;
            }
        }
        return false;
    }

    private void say(String text) {
        MachineException notice = new MachineException(text);
        notice.setStackTrace(new StackTraceElement[0]);
        failure.addSuppressed(notice);
    }

    private static String orEmpty(String text) {
        return text.isEmpty() ? "(empty)" : text;
    }
}
