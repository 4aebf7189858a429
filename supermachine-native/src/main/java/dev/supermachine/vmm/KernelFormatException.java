package dev.supermachine.vmm;

/**
 * A file that is no kernel we can boot: not an ELF file of x86-64, without an entry point of PVH, cut, or damaged.
 *
 * @since 0.1
 */
public final class KernelFormatException extends RuntimeException {

    private static final long serialVersionUID = 1;

    /**
     * One with a message.
     *
     * @param message what was expected and what was found, with the file
     */
    public KernelFormatException(String message) {
        super(message);
    }
}
