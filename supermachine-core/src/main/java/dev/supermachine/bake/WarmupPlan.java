package dev.supermachine.bake;

import dev.supermachine.BakeException;
import dev.supermachine.Wait;
import dev.supermachine.Warmup;
import dev.supermachine.code.CodeIdentity;
import dev.supermachine.code.UnidentifiableCodeException;
import java.util.List;
import java.util.Optional;

/**
 * What is done with the machine between its readiness and the capture.
 *
 * @param warmup what to run
 * @param identity what it is known by: {@code tag} or {@code code}, and the tag or the hash
 * @param lender gives it the machine
 * @since 0.1
 */
public record WarmupPlan(Warmup warmup, List<String> identity, MachineLender lender) {

    /** Takes a copy. */
    public WarmupPlan {
        identity = List.copyOf(identity);
    }

    /**
     * A plan.
     *
     * @param name the snapshot's name, for messages
     * @param reference the image, for messages
     * @param warmup what to run
     * @param tag what it is known by; if empty, it is its code
     * @param lender gives it the machine
     * @return the plan
     * @throws BakeException if there is no tag and the code cannot be identified
     */
    public static WarmupPlan of(
            String name, String reference, Warmup warmup, Optional<String> tag, MachineLender lender) {
        if (tag.isPresent()) {
            return new WarmupPlan(warmup, List.of("tag", tag.get()), lender);
        }
        try {
            return new WarmupPlan(warmup, List.of("code", CodeIdentity.of(warmup, Warmup.class)), lender);
        } catch (UnidentifiableCodeException e) {
            throw new BakeException(
                    "It cannot be told whether the warm-up of '" + name + "' from " + reference
                            + " has changed since an earlier bake: " + e.getMessage()
                            + ". Give it a tag with withWarmupTag, and another one whenever you change it.",
                    e);
        }
    }

    /**
     * What is awaited before a warm-up if nobody says what: the image's service, if it says that it has one.
     *
     * @param request with a warm-up and without a condition, and so without a port of the user's
     * @param exposed the TCP ports that the image names
     * @return a listener; empty if there is no service, and the warm-up comes before the workload
     * @throws BakeException if it is not clear which port is that of the service
     */
    static Optional<Wait> readiness(BakeRequest request, List<Integer> exposed) {
        if (exposed.isEmpty()) {
            return Optional.empty();
        }
        if (exposed.contains(request.guestPort())) {
            return Optional.of(Wait.forListener());
        }
        if (exposed.size() > 1) {
            throw new BakeException("The warm-up of '" + request.name() + "' waits until the service of "
                    + request.reference() + " listens, but the image names several ports: " + exposed
                    + ". Say which one it is with withGuestPort, or what to wait for with withWait.");
        }
        return Optional.of(Wait.forListener(exposed.get(0)));
    }
}
