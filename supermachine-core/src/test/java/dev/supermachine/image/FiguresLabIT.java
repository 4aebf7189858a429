package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Vm;
import dev.supermachine.VmPool;
import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * How long it is from the release of a machine on KVM until its next holder has the reply to a first command. The figures go into the report's properties,
 * beside how long a command takes otherwise; nothing is asserted of them, for the processor is emulated.
 */
@Tag("lab")
@Tag("lab-only")
@Timeout(600)
class FiguresLabIT {

    private static final int SAMPLES = 10 * TestImages.count("lab.resets", 20);

    @BeforeEach
    @AfterEach
    void itsEngineIsKvm() {
        Laboratory.assertIsKvm(Laboratory.image(1));
    }

    @Test
    void fromReleaseToTheNextHoldersFirstReply() {
        VmPool pool = Laboratory.pool(1);
        long[] replies = new long[SAMPLES];
        long[] commands = new long[SAMPLES];
        Vm held = pool.acquire();
        for (int i = 0; i < SAMPLES; i++) {
            long released = System.nanoTime();
            held.close();
            held = pool.acquire();
            assertThat(held.exec("true").success()).isTrue();
            long replied = System.nanoTime();
            assertThat(held.exec("true").success()).isTrue();
            commands[i] = System.nanoTime() - replied;
            replies[i] = replied - released;
        }
        held.close();
        publish("release-to-reply", replies);
        publish("exec", commands);
    }

    private static void publish(String name, long[] nanos) {
        Arrays.sort(nanos);
        for (int percentile : new int[] {50, 99}) {
            int index = Math.min(nanos.length - 1, nanos.length * percentile / 100);
            System.setProperty(
                    "supermachine.lab.figures." + name + ".p" + percentile + ".ms",
                    String.format(Locale.ROOT, "%.1f", nanos[index] / 1e6));
        }
    }
}
