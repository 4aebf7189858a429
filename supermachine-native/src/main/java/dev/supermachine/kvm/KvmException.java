package dev.supermachine.kvm;

/**
 * A KVM that works but not as is needed here: another API version, or lacking a capability. Unchecked as {@link dev.supermachine.linux.LinuxException}, which tells of
 * requests that failed.
 *
 * @since 0.1
 */
public final class KvmException extends RuntimeException {

    private static final long serialVersionUID = 1;

    /**
     * One with a message.
     *
     * @param message what was expected and what was found
     */
    public KvmException(String message) {
        super(message);
    }
}
