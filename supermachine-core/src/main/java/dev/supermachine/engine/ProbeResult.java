package dev.supermachine.engine;

/**
 * What trying an engine has shown.
 *
 * @param availability whether it can be used, and why
 * @param lasting whether it will be the same until this host starts again; false where a busy host, or what another program does, may have been the cause
 * @since 0.1
 */
public record ProbeResult(Availability availability, boolean lasting) {

    /**
     * An answer that stays true.
     *
     * @param availability the answer
     * @return it, to be remembered
     */
    public static ProbeResult lasting(Availability availability) {
        return new ProbeResult(availability, true);
    }

    /**
     * An answer for now.
     *
     * @param availability the answer
     * @return it, not to be remembered beyond this process
     */
    public static ProbeResult passing(Availability availability) {
        return new ProbeResult(availability, false);
    }
}
