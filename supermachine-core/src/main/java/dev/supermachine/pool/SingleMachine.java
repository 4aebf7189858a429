package dev.supermachine.pool;

import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import dev.supermachine.pool.MachineSource.LiveMachine;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One machine outside any pool.
 *
 * @since 0.1
 */
public final class SingleMachine implements MachineOwner {

    private final MachineSource source;
    private final Duration timeout;

    private SingleMachine(MachineSource source, Duration timeout) {
        this.source = source;
        this.timeout = timeout;
    }

    /**
     * Starts a machine.
     *
     * @param source where it comes from
     * @param config what distinguishes it
     * @param timeout how long to wait for memory
     * @return the machine, running; the caller closes it
     * @throws dev.supermachine.SupermachineException as {@link dev.supermachine.Image#start(VmConfig)}
     */
    public static Vm start(MachineSource source, VmConfig config, Duration timeout) {
        source.check(config);
        SingleMachine owner = new SingleMachine(source, timeout);
        return new LeasedVm(owner, source.image(), config, owner.replace(null, config));
    }

    @Override
    public LiveMachine replace(@Nullable LiveMachine old, VmConfig config) {
        @Nullable LiveMachine same = old == null ? null : source.reset(old, config);
        return same != null ? same : source.restore(timeout, config);
    }

    @Override
    public void released(LeasedVm vm, @Nullable LiveMachine machine) {
        if (machine != null) {
            machine.close();
        }
    }
}
