package dev.supermachine.vmm;

/** An address or length, as a guest gave it, that is not all in its memory. Made often by a hostile guest, so without a stack trace. */
final class GuestMemoryException extends RuntimeException {

    private static final long serialVersionUID = 1;

    GuestMemoryException(long address, long length) {
        super(
                Long.toUnsignedString(length) + " bytes at 0x" + Long.toHexString(address)
                        + " are not all in the guest's memory",
                null,
                false,
                false);
    }
}
