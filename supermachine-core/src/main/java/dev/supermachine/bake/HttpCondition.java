package dev.supermachine.bake;

import dev.supermachine.Wait;
import dev.supermachine.guest.GuestClient;

/** An answer over HTTP. */
final class HttpCondition extends RepeatedCondition {

    private final GuestClient guest;
    private final Wait.Http wait;
    private final int port;

    /**
     * A condition on one port.
     *
     * @param wait with its port
     */
    HttpCondition(Wait.Http wait, GuestClient guest) {
        super(wait.toString(), wait.timeout());
        this.guest = guest;
        this.wait = wait;
        this.port = wait.port().orElseThrow();
    }

    @Override
    Attempt begin() {
        return new HttpAttempt(guest, wait, port, ATTEMPT_TIMEOUT);
    }
}
