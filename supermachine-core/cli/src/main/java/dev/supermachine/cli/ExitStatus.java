package dev.supermachine.cli;

/** The statuses with which commands end; docs/cli.md has them. */
final class ExitStatus {

    static final int OK = 0;

    /** What was asked for failed, and the standard error says why. */
    static final int FAILED = 1;

    /** The command line is wrong. */
    static final int USAGE = 2;

    /** {@code why}: there is no snapshot. */
    static final int MISS = 3;

    /** {@code exec} and {@code run} themselves failed; lower ones are those of what ran. */
    static final int NOT_RUN = 125;

    private ExitStatus() {}
}
