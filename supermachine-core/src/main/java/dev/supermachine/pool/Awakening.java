package dev.supermachine.pool;

import dev.supermachine.AcquireException;
import dev.supermachine.GuestFile;
import dev.supermachine.MachineException;
import dev.supermachine.VmConfig;
import dev.supermachine.engine.Activation;
import dev.supermachine.guest.FileOwner;
import dev.supermachine.guest.GuestClient;
import dev.supermachine.pool.MachineSource.LiveMachine;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;

/** What happens in a guest between the restore of its machine and the moment at which somebody may use it. Thread-safe. */
final class Awakening {

    /** How long one step may take. */
    static final Duration STEP_TIMEOUT = Duration.ofSeconds(30);

    private static final int LONGEST_LABEL = 63;

    private final Clock clock;
    private final boolean startsWorkload;
    private final SecureRandom random = new SecureRandom();

    /**
     * For the machines of one snapshot.
     *
     * @param clock the wall clock that guests are set to
     * @param startsWorkload whether the snapshot was taken before the workload was executed
     */
    Awakening(Clock clock, boolean startsWorkload) {
        this.clock = clock;
        this.startsWorkload = startsWorkload;
    }

    /** What distinguishes the next run of a machine. */
    Activation activation(String machine, VmConfig config) {
        byte[] entropy = new byte[Activation.ENTROPY_BYTES];
        random.nextBytes(entropy);
        String hostName = config.hostName().isEmpty() ? hostName(machine) : config.hostName();
        int epoch = 1 + random.nextInt(Integer.MAX_VALUE - 1);
        return new Activation(epoch, entropy, clock, hostName, config.environment());
    }

    /** A DNS label made from the machine's name. */
    private static String hostName(String name) {
        String label = name.replaceAll("[^A-Za-z0-9]+", "-").replaceAll("^-", "");
        return label.length() <= LONGEST_LABEL
                ? label
                : label.substring(label.length() - LONGEST_LABEL).replaceAll("^-", "");
    }

    /**
     * Lets a parked guest run, with its files in place before anything of the snapshot goes on.
     *
     * @throws MachineException if its agent does not answer
     * @throws AcquireException if the guest does not take one of the files
     * @throws UncheckedIOException if one of the files cannot be read on this host
     */
    void wake(LiveMachine machine, Activation activation, VmConfig config, RestoreWatch watch) {
        GuestClient guest = machine.guest();
        watch.next("resume its guest");
        if (config.files().isEmpty()) {
            guest.resume(activation, STEP_TIMEOUT);
        } else {
            guest.resumeHeld(activation, STEP_TIMEOUT);
            for (GuestFile file : config.files()) {
                watch.next("put in the file " + file);
                putIn(machine, file);
            }
            watch.next("thaw its processes");
            guest.thaw(STEP_TIMEOUT);
        }
        if (startsWorkload) {
            watch.next("start its workload");
            guest.start(STEP_TIMEOUT);
        }
        guest.followLog();
    }

    private static void putIn(LiveMachine machine, GuestFile file) {
        GuestClient guest = machine.guest();
        try (InputStream content = file.open()) {
            guest.writeFile(file.path(), content, file.mode().orElse(GuestClient.KEEP_MODE), FileOwner.KEEP);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "The file " + file + ", which the VmConfig of '" + machine.name()
                            + "' names, could not be read on this host: " + e.getMessage(),
                    e);
        } catch (MachineException e) {
            if (guest.hasFailed() || Thread.currentThread().isInterrupted()) {
                throw e;
            }
            // not the machine's failure: another one would refuse it too
            throw new AcquireException(
                    "The machine '" + machine.name() + "' was ended, because it does not take the file " + file
                            + " that its VmConfig names. " + e.getMessage(),
                    e);
        }
    }
}
