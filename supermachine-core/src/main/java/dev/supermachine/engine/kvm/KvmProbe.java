package dev.supermachine.engine.kvm;

import dev.supermachine.engine.HostCpu;
import dev.supermachine.engine.KvmDevice;
import dev.supermachine.engine.ProbeResult;
import dev.supermachine.engine.kvm.KvmVerdict.Trial;
import dev.supermachine.kvm.KvmException;
import dev.supermachine.linux.LinuxException;
import dev.supermachine.vmm.KvmHost;
import dev.supermachine.vmm.TrialGuest;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Finds out whether this process can run guests on KVM, by running one; what that means says {@link KvmVerdict}. */
final class KvmProbe {

    /** A processor needs 10 to 40 ms for the trial guest, one that is itself emulated half a second, a KVM that interprets instructions a minute. */
    static final Duration BUDGET = Duration.ofMillis(2500);

    /** For all of it: making the machine, waiting for its first instruction, running it, and giving it up. */
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private KvmProbe() {}

    /** The device can be opened, as far as its file tells. */
    static ProbeResult run(KvmDevice device) {
        KvmVerdict verdict =
                new KvmVerdict(device.device(), device.backend(), device.isSoftware(), HostCpu.isVirtual());
        return verdict.of(within(LIMIT, () -> trial(BUDGET)));
    }

    static Trial trial(Duration budget) {
        try {
            OptionalLong nanos = TrialGuest.run(budget);
            return nanos.isPresent()
                    ? new Trial.Finished(
                            Duration.ofNanos(nanos.getAsLong()),
                            KvmHost.instance().cpuModel())
                    : new Trial.TooSlow(TrialGuest.INSTRUCTIONS, budget);
        } catch (LinuxException | KvmException | IllegalStateException | LinkageError e) {
            return new Trial.Refused(String.valueOf(e.getMessage()));
        }
    }

    /** On a thread of its own: if the kernel never returns from a call, only that thread waits for it. */
    static Trial within(Duration limit, Callable<Trial> trial) {
        FutureTask<Trial> task = new FutureTask<>(trial);
        Thread thread = new Thread(task, "supermachine-kvm-probe");
        thread.setDaemon(true);
        thread.start();
        try {
            return task.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            return new Trial.Stuck(limit);
        } catch (ExecutionException e) {
            return new Trial.Refused(String.valueOf(e.getCause()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Trial.Refused("the thread that asked was interrupted");
        }
    }
}
