package dev.supermachine.guest;

import dev.supermachine.MachineException;
import dev.supermachine.text.ForeignText;
import java.io.IOException;
import java.util.Set;

/** What the agent answers instead of a result, as exceptions. */
final class GuestErrors {

    static final int ENOENT = 2;

    /**
     * EIO, EAGAIN, ENOMEM, ENFILE, EMFILE and ENOSPC of asm-generic/errno-base.h: the guest has run out of something or is damaged, and why is in what it
     * left behind. Other refusals are about the request.
     */
    private static final Set<Integer> EXHAUSTED = Set.of(5, 11, 12, 23, 24, 28);

    private static final int LIMIT = 1000;
    private static final int NOT_NOW = 1001;
    private static final int BROKEN_REQUEST = 1000;

    private GuestErrors() {}

    /** The agent refused: the operation, its message, the code. */
    static MachineException refused(AgentLink link, String operation, long code, String message) {
        String reason = switch ((int) code) {
            case BROKEN_REQUEST -> "the agent does not understand the request";
            case NOT_NOW -> "not possible in this state";
            default -> "errno " + code;
        };
        String what = "cannot " + operation + ": " + ForeignText.line(message, LIMIT) + " (" + reason + ")";
        return EXHAUSTED.contains((int) code) ? link.failure(what, null) : link.error(what, null);
    }

    /** A file that is not there. */
    static MachineException noSuchFile(AgentLink link, String operation) {
        return link.error("cannot " + operation + ": there is no such file in the guest", null);
    }

    /** A result or answer that breaks the protocol ends the machine. */
    static MachineException broken(AgentLink link, Exception cause) {
        link.takeDown("its agent broke the protocol: " + cause.getMessage(), cause);
        link.ensureUp();
        throw new IllegalStateException("a link that was taken down is up", cause);
    }

    /** The same once more, for another thread that waits: with its own stack. The first is not the cause, or traces would have all of it twice. */
    static MachineException again(MachineException first) {
        return new MachineException(String.valueOf(first.getMessage()), first.getCause());
    }

    /** The first line of a message. */
    static String headline(MachineException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    /** The machine's own exception if there is one behind an exception of a stream. */
    static MachineException unwrap(AgentLink link, String operation, IOException e) {
        return e.getCause() instanceof MachineException cause
                ? again(cause)
                : link.error("cannot " + operation + ": " + e.getMessage(), e);
    }
}
