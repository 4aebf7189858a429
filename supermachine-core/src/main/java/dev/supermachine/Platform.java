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

    /** {@code linux/amd64}: what the processor of a machine runs. */
    public static final Platform LINUX_AMD64 = new Platform("linux", "amd64", "");

    /**
     * Checks that os and architecture are given.
     *
     * @param os the operating system, such as {@code linux}
     * @param architecture the processor architecture in Go's naming, such as {@code amd64} or {@code arm64}
     * @param variant the architecture's variant, such as {@code v7}; empty if there is none
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
     * @return the platform, {@linkplain #normalized() normalized}
     * @throws IllegalArgumentException if the text has another form
     */
    public static Platform parse(String text) {
        String[] parts = text.toLowerCase(Locale.ROOT).split("/", -1);
        if (parts.length < 2 || parts.length > 3) {
            throw new IllegalArgumentException(
                    "A platform is written os/architecture[/variant], such as linux/amd64, but was: '" + text + "'");
        }
        return new Platform(parts[0], parts[1], parts.length == 3 ? parts[2] : "").normalized();
    }

    /**
     * The same platform under the name that Docker gives it: {@code amd64} for {@code x86_64}, {@code arm64} for {@code aarch64}, {@code arm/v7} for {@code arm}
     * and {@code armhf}, {@code arm/v6} for {@code armel}, {@code 386} for {@code i386}, and no variant where it is the architecture's first, {@code arm64/v8} and {@code amd64/v1}.
     *
     * @return the platform, in lower case
     */
    public Platform normalized() {
        String given = variant.toLowerCase(Locale.ROOT);
        String level = given.matches("[0-9]") ? "v" + given : given;
        String name = architecture.toLowerCase(Locale.ROOT);
        String system = os.toLowerCase(Locale.ROOT);
        return switch (name) {
            case "x86_64", "x86-64", "amd64" -> new Platform(system, "amd64", level.equals("v1") ? "" : level);
            case "aarch64", "arm64" -> new Platform(system, "arm64", level.equals("v8") ? "" : level);
            case "i386", "386" -> new Platform(system, "386", "");
            case "armhf" -> new Platform(system, "arm", "v7");
            case "armel" -> new Platform(system, "arm", "v6");
            case "arm" -> new Platform(system, "arm", level.isEmpty() ? "v7" : level);
            default -> new Platform(system, name, level);
        };
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
