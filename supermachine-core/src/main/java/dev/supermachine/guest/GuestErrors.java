package dev.supermachine.guest;

import dev.supermachine.MachineException;
import dev.supermachine.text.ForeignText;
import java.io.IOException;

/** What the agent answers instead of a result, as exceptions. */
final class GuestErrors {

    static final int ENOENT = 2;

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
        return link.error("cannot " + operation + ": " + ForeignText.line(message, LIMIT) + " (" + reason + ")", null);
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

    /** The same once more, for another thread that waits: with its own stack and the first as cause. */
    static MachineException again(MachineException first) {
        return new MachineException(String.valueOf(first.getMessage()), first);
    }

    /** The machine's own exception if there is one behind an exception of a stream. */
    static MachineException unwrap(AgentLink link, String operation, IOException e) {
        return e.getCause() instanceof MachineException cause
                ? again(cause)
                : link.error("cannot " + operation + ": " + e.getMessage(), e);
    }
}
