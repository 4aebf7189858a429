package dev.supermachine;

import java.util.List;
import java.util.Locale;
import org.apiguardian.api.API;

/**
 * What an image was built for, in Docker's {@code --platform} form.
 *
 * @param os the operating system, such as {@code linux}
 * @param architecture the processor architecture in Go's naming, such as {@code amd64} or {@code arm64}
 * @param variant the architecture's variant, such as {@code v7}; empty if there is none
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record Platform(String os, String architecture, String variant) {

    /** {@code linux/amd64}: what a machine here runs. */
    public static final Platform LINUX_AMD64 = new Platform("linux", "amd64", "");

    /**
     * Checks that os and architecture are given.
     *
     * @throws IllegalArgumentException if one of them is blank
     */
    public Platform {
        if (os.isBlank() || architecture.isBlank()) {
            throw new IllegalArgumentException("A platform needs an operating system and an architecture, but was: "
                    + List.of(os, architecture, variant));
        }
    }

    /**
     * Reads Docker's form.
     *
     * @param text {@code os/architecture} or {@code os/architecture/variant}
     * @return the platform, in lower case
     * @throws IllegalArgumentException if the text has another form
     */
    public static Platform parse(String text) {
        String[] parts = text.toLowerCase(Locale.ROOT).split("/", -1);
        if (parts.length < 2 || parts.length > 3) {
            throw new IllegalArgumentException(
                    "A platform is written os/architecture[/variant], such as linux/amd64, but was: '" + text + "'");
        }
        return new Platform(parts[0], parts[1], parts.length == 3 ? parts[2] : "");
    }

    /**
     * Docker's form.
     *
     * @return {@code os/architecture} or {@code os/architecture/variant}
     */
    @Override
    public String toString() {
        return os + "/" + architecture + (variant.isEmpty() ? "" : "/" + variant);
    }
}
