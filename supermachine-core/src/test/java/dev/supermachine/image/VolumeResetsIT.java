package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Image;
import dev.supermachine.VolumeSpec;
import dev.supermachine.Wait;
import dev.supermachine.engine.Activation;
import dev.supermachine.engine.Capability;
import dev.supermachine.engine.EngineSelector;
import dev.supermachine.engine.Hypervisor;
import dev.supermachine.engine.Machine;
import dev.supermachine.engine.Prepared;
import dev.supermachine.engine.Witness;
import dev.supermachine.guest.ExecExit;
import dev.supermachine.guest.ExecRequest;
import dev.supermachine.guest.GuestClient;
import dev.supermachine.guest.GuestProcess;
import dev.supermachine.snapshot.ContentHash;
import dev.supermachine.snapshot.Snapshot;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * One machine that writes to its disk and is brought back to its snapshot, again and again, on the best engine there is: what was written is on the disk of that run, whose
 * file system is without faults, and on no other.
 */
@Tag("lab")
@Timeout(3600)
class VolumeResetsIT {

    private static final int RESETS = TestImages.count("volume.resets", 5);
    private static final long SIZE = 16 << 20;
    private static final Duration ANSWER = Duration.ofMinutes(1);
    private static final SecureRandom RANDOM = new SecureRandom();

    @TempDir
    private Path directory;

    @Test
    void aDiskIsCleanAfterEachRunAndAnewAfterEachReset() throws IOException, InterruptedException {
        Path file = directory.resolve("data.img");
        Image image = Image.builder(TestImages.reference("debian-busybox"))
                .withName("volume-resets")
                .withMemoryMib(128)
                .withSnapshotsDir(directory.resolve("snapshots"))
                .withCmd(
                        "sh",
                        "-c",
                        "echo baked >/data/mark; echo written; while true; do date >>/data/dates; sleep 0.1; done")
                .withWait(Wait.forLog("written"))
                .withVolume(VolumeSpec.of(file, "/data").withSizeBytes(SIZE))
                .build();
        Snapshot snapshot = Snapshot.open(image.origin().snapshot());
        Hypervisor engine = EngineSelector.select(snapshot.manifest().details().engineId());
        String left = ContentHash.of(file);
        assertThat(left).isEqualTo(snapshot.manifest().volumeHash(0));

        Prepared prepared = engine.prepare(snapshot.source("cycles"));
        for (int cycle = 1; cycle <= RESETS; cycle++) {
            Machine machine = run(prepared, cycle);
            if (engine.capabilities().contains(Capability.RESET_IN_PLACE)) {
                prepared = machine.rewind();
            } else {
                machine.close();
                prepared = engine.prepare(snapshot.source("cycles"));
            }
        }
        prepared.close();
        assertThat(ContentHash.of(file)).isEqualTo(left);
        assertThat(ContentHash.of(snapshot.volumes().get(0))).isEqualTo(left);
        Ext4Checks.assertClean(file);
    }

    /** A run that ends with its file system at rest. */
    private Machine run(Prepared prepared, int cycle) throws IOException, InterruptedException {
        byte[] entropy = new byte[Activation.ENTROPY_BYTES];
        RANDOM.nextBytes(entropy);
        Activation activation = new Activation(cycle, entropy, Clock.systemUTC(), "cycles", Map.of());
        Machine machine = prepared.activate(activation);
        GuestClient guest = GuestClient.restored(machine.agent(), "cycles", Witness.of(machine));
        guest.resume(activation, ANSWER);
        assertThat(shell(guest, "cat /data/mark; ls -A /data; dmesg | grep -i 'ext4.*error'; true"))
                .as("of cycle %s", cycle)
                .isEqualTo("baked\ndates\nlost+found\nmark\n");
        shell(
                guest,
                "echo cycle " + cycle + " >/data/mark; mkdir /data/d; for i in $(seq 50); do echo $i >/data/d/$i; done;"
                        + " rm /data/d/*5; head -c 1000000 /dev/urandom >/data/big");
        guest.freeze(ANSWER);
        machine.pause();
        Path copy = directory.resolve("copy");
        machine.copyVolume(0, copy);
        Ext4Checks.assertClean(copy);
        assertThat(Ext4Checks.content(copy, "/mark")).isEqualTo("cycle " + cycle + "\n");
        assertThat(Ext4Checks.content(copy, "/d/49")).isEqualTo("49\n");
        Files.delete(copy);
        guest.close();
        return machine;
    }

    private static String shell(GuestClient guest, String command) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GuestProcess process = guest.exec(ExecRequest.of("sh", "-c", command))) {
            process.drain(out, out);
            ExecExit exit = process.waitFor(ANSWER);
            String output = out.toString(StandardCharsets.UTF_8);
            assertThat(exit.succeeded()).as(output).isTrue();
            return output;
        }
    }
}
