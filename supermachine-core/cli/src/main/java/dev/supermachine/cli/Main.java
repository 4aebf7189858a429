package dev.supermachine.cli;

/** Where the jar begins. */
public final class Main {

    private Main() {}

    /**
     * Runs one command and ends the process with its status.
     *
     * @param arguments the command and what belongs to it
     */
    public static void main(String[] arguments) {
        int status = Supermachine.commandLine(Terminal.ofThisProcess()).execute(arguments);
        // threads of machines that do not end must not keep the process
        System.exit(status);
    }
}
