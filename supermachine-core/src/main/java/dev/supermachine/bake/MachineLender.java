package dev.supermachine.bake;

import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.engine.Machine;
import dev.supermachine.guest.GuestClient;
import java.util.function.Consumer;

/**
 * Lends the machine of a bake to who warms it up.
 *
 * @since 0.1
 */
@FunctionalInterface
public interface MachineLender {

    /**
     * Makes an object for the machine that is usable while another one uses it, and not later. The machine and its client go on.
     *
     * @param image what is being baked
     * @param name the machine's name
     * @param machine the machine, running
     * @param guest its client
     * @param use gets the object; what it throws is passed on
     */
    void lend(Image image, String name, Machine machine, GuestClient guest, Consumer<Vm> use);
}
