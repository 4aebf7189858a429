package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Image;
import dev.supermachine.testing.ChildJvm;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** However much is streamed, it takes no memory: the other JVM has a heap that holds half of the smallest amount. */
class ExecStreamIT {

    private static final int MIB = TestImages.count("stream.mib", 64);

    @Test
    void streamsInBothDirectionsTakeNoMemory() throws IOException, InterruptedException {
        Image image = ExecIT.image();
        try (ChildJvm jvm =
                ChildJvm.start(StreamingJvm.class, image.origin().snapshot().toString(), Integer.toString(MIB))) {
            assertThat(jvm.endsWithin(Duration.ofMinutes(30)))
                    .as("it has ended")
                    .isTrue();
            assertThat(jvm.exitCode()).as("%s", jvm.lines()).isZero();
            assertThat(jvm.lines())
                    .contains(
                            "into: " + ((long) MIB << 20),
                            "out of: " + ((long) MIB << 20),
                            "both: " + ((long) MIB << 20));
        }
    }
}
