package dev.supermachine.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Image;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The images that {@code bin/images} makes from Debian packages, baked with few megabytes and shared by the tests. */
public final class TestImages {

    private TestImages() {}

    /** Redis, listening. */
    public static Image redis() {
        return Image.builder(reference("debian-redis"))
                .withName("test-redis")
                .withGuestPort(6379)
                .withListenerRequired()
                .build();
    }

    /** PostgreSQL, listening, with an empty database. */
    public static Image postgres() {
        return Image.builder(reference("debian-postgres"))
                .withName("test-postgres")
                .withGuestPort(5432)
                .withListenerRequired()
                .withMemoryMib(512)
                .build();
    }

    /** A reference to an image in OCI layout. */
    public static String reference(String name) {
        return "oci-layout:" + file(name + ".oci");
    }

    /** A file or directory among the images. */
    public static Path file(String name) {
        Path path = directory().resolve(name);
        assertThat(Files.exists(path))
                .as("%s is there; if not, make it with bin/images %s", path, name.replaceAll("\\..*", ""))
                .isTrue();
        return path;
    }

    /** Reads a count of repetitions, which CI and long runs set differently. */
    public static int count(String name, int otherwise) {
        return Integer.getInteger("supermachine.test." + name, otherwise);
    }

    private static Path directory() {
        return Optional.ofNullable(System.getProperty("supermachine.test.images"))
                .or(() -> Optional.ofNullable(System.getenv("SUPERMACHINE_TEST_IMAGES")))
                .map(Path::of)
                .orElseGet(() -> Path.of(Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
                                .orElse(System.getProperty("user.home") + "/.cache"))
                        .resolve("supermachine-build/images"));
    }
}
