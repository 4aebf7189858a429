package dev.supermachine.pool;

import dev.supermachine.Image;
import dev.supermachine.KeptVm;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.engine.Machine;
import dev.supermachine.guest.GuestClient;
import dev.supermachine.pool.MachineSource.Holdings;
import dev.supermachine.pool.MachineSource.LiveMachine;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A machine that is being baked, as its warm-up sees it: what it holds is the bake's, so that it can only be used.
 *
 * @since 0.1
 */
public final class WarmupVm extends LeasedVm {

    private WarmupVm(Image image, LiveMachine machine) {
        super(new Bake(), image, VmConfig.defaults(), machine);
    }

    /**
     * Lends a machine. When the use of it ends, its mapped ports are closed, and with them the connections; what is open otherwise is for the caller to end.
     *
     * @param image what is being baked
     * @param name the machine's name
     * @param machine the machine, running
     * @param guest its client
     * @param use gets the machine, until this returns
     */
    public static void lend(Image image, String name, Machine machine, GuestClient guest, Consumer<Vm> use) {
        WarmupVm vm = new WarmupVm(image, new LiveMachine(name, machine, guest, new Holdings(null, null)));
        try {
            use.accept(vm);
        } finally {
            vm.takeAway();
        }
    }

    @Override
    public void reset() {
        throw refused("reset: there is no snapshot yet that it could be brought back to");
    }

    @Override
    public Image snapshot(Path directory) {
        throw refused(
                "captured by hand: the bake does that when the warm-up returns. Take a snapshot of a machine of the image");
    }

    @Override
    public KeptVm keep() {
        throw refused("kept: the bake needs it. Keep a machine of the image");
    }

    @Override
    public void close() {
        throw refused("closed: the bake captures it when the warm-up returns, and ends it then");
    }

    @Override
    IllegalStateException givenUp() {
        return new IllegalStateException(
                "The machine '" + name()
                        + "' was there for the warm-up, which has ended. Take what is to be used later from a machine of the image.");
    }

    private IllegalStateException refused(String what) {
        return new IllegalStateException(
                "The machine '" + name() + "' is being warmed up for a snapshot and cannot be " + what + ".");
    }

    /** Never asked, because all that leads to it is refused. */
    private static final class Bake implements MachineOwner {

        @Override
        public LiveMachine replace(@Nullable LiveMachine old, VmConfig config) {
            throw new UnsupportedOperationException("A machine that is being baked has no other");
        }

        @Override
        public Image snapshot(LiveMachine machine, Path directory) {
            throw new UnsupportedOperationException("A machine that is being baked is captured by its bake");
        }

        @Override
        public void released(LeasedVm vm, @Nullable LiveMachine machine) {
            throw new UnsupportedOperationException("A machine that is being baked is the bake's");
        }
    }
}
