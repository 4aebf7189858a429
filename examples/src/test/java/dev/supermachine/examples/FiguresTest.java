package dev.supermachine.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Image;
import dev.supermachine.Vm;
import dev.supermachine.VmConfig;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Properties;
import org.junit.jupiter.api.Test;

/**
 * Measures what {@link OrdersTest} relies on and leaves the figures in {@code target/supermachine-figures.properties}: they are reported, not asserted. A
 * sample of "restored" ends with the first answer of the new machine's agent, and so does one of "reset"; nothing is kept ready beforehand.
 */
class FiguresTest {

    private static final int SAMPLES = 15;

    @Test
    void restoresAndResetsThePostgresImage() throws IOException {
        Image image = Image.builder("localhost:5000/debian-postgres:15")
                .withGuestPort(5432)
                .withListenerRequired()
                .withMemoryMib(512)
                .build();
        long[] restored = new long[SAMPLES];
        long[] reset = new long[SAMPLES];
        for (int i = 0; i < SAMPLES; i++) {
            long start = System.nanoTime();
            try (Vm vm = image.start(VmConfig.defaults())) {
                restored[i] = System.nanoTime() - start;
                vm.writeFile("/tmp/mark", "a test was here");
                long before = System.nanoTime();
                vm.reset();
                reset[i] = System.nanoTime() - before;
                assertThat(vm.exec("test", "-e", "/tmp/mark").exitStatus()).isOne();
            }
        }
        Properties figures = new Properties();
        figures.setProperty("pulled.ms", Long.toString(image.origin().pullMillis()));
        figures.setProperty("baked.ms", Long.toString(image.origin().bakeMillis()));
        figures.setProperty("restored.p50.ms", millis(median(restored)));
        figures.setProperty("reset.p50.ms", millis(median(reset)));
        figures.setProperty("samples", Integer.toString(SAMPLES));
        Path file = Path.of("target", "supermachine-figures.properties");
        Files.createDirectories(file.toAbsolutePath().getParent());
        try (OutputStream out = Files.newOutputStream(file)) {
            figures.store(out, null);
        }
    }

    private static long median(long[] samples) {
        long[] sorted = samples.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static String millis(long nanos) {
        return Long.toString(Math.round(nanos / 1e6));
    }
}
