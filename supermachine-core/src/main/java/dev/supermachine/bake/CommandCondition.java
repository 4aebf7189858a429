package dev.supermachine.bake;

import dev.supermachine.Wait;
import dev.supermachine.guest.GuestClient;

/** A command's exit status. */
final class CommandCondition extends RepeatedCondition {

    private final GuestClient guest;
    private final Wait.Command wait;

    CommandCondition(Wait.Command wait, GuestClient guest) {
        super(wait.toString(), wait.timeout());
        this.guest = guest;
        this.wait = wait;
    }

    @Override
    Attempt begin() {
        return new CommandAttempt(guest, wait.argv(), wait.exitCode(), ATTEMPT_TIMEOUT);
    }
}
