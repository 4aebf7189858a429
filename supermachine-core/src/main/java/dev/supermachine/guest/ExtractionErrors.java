package dev.supermachine.guest;

import dev.supermachine.MachineException;
import dev.supermachine.tar.TarErrors;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Words what is wrong with an archive that comes out of a guest. If the machine is the reason, that is what is said. */
final class ExtractionErrors extends TarErrors {

    ExtractionErrors(String subject) {
        super(subject, "tar", "try again.");
    }

    @Override
    protected MachineException exception(String message, @Nullable IOException cause) {
        return new MachineException(message, cause);
    }

    @Override
    public MachineException unreadable(IOException failure) {
        for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof MachineException machine) {
                return GuestErrors.again(machine);
            }
        }
        return (MachineException) super.unreadable(failure);
    }
}
