package dev.supermachine;

import java.io.Serializable;
import org.apiguardian.api.API;

/**
 * What is done once with the machine that is being baked, after it is ready and before it is captured: every machine of the image then begins with it done. See
 * {@link OciImageBuilder#withWarmup(Warmup)}.
 *
 * <p>It is serializable because that is how its code and what it has captured are found, which tell whether a snapshot was made by the same warm-up. Nothing of it is ever
 * stored or sent.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
@FunctionalInterface
public interface Warmup extends Serializable {

    /**
     * Runs on a thread of its own. What it does to the machine is in the snapshot: files, memory, what the kernel and the services have in their caches.
     *
     * @param vm the machine, until this returns; it has no {@link Vm#reset()}, {@link Vm#keep()} and {@link Vm#close()}. Its {@link Vm#image()} can be asked for
     *     what was set at the builder and makes no machines
     * @throws Exception for whatever reason; the bake then fails with it as the cause, and nothing is stored
     */
    void run(Vm vm) throws Exception;
}
