package dev.supermachine.cli;

import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParseResult;

/** Tells of a failure by its message, which says what to do; of where it was in the code only if asked. */
final class Failures implements IExecutionExceptionHandler {

    @Override
    public int handleExecutionException(Exception failure, CommandLine command, ParseResult result) {
        PrintWriter err = command.getErr();
        String message = failure.getMessage();
        err.println("supermachine: " + (message == null ? failure.toString() : message));
        if (command.getCommand() instanceof AbstractCommand common) {
            if (common.wantsStacktrace()) {
                failure.printStackTrace(err);
            }
            return common.statusOfFailure();
        }
        return ExitStatus.FAILED;
    }
}
