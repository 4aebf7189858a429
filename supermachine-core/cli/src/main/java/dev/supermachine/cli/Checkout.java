package dev.supermachine.cli;

import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What {@code bin/supermachine} found of what the source tree needs to be built and tested. Nothing is known of it when the jar is run by itself.
 *
 * @param missing Debian packages that are not there, with blanks between them; empty if all are
 * @param jdk17 where a JDK 17 is; empty if there is none
 * @param jdk25 where a JDK 25 is; empty if there is none
 */
record Checkout(String missing, String jdk17, String jdk25) {

    private static final String PREFIX = "supermachine.checkout.";

    static Optional<Checkout> of(Function<String, @Nullable String> properties) {
        String missing = properties.apply(PREFIX + "missing");
        return missing == null
                ? Optional.empty()
                : Optional.of(new Checkout(
                        missing, text(properties.apply(PREFIX + "jdk17")), text(properties.apply(PREFIX + "jdk25"))));
    }

    private static String text(@Nullable String value) {
        return value == null ? "" : value;
    }

    Section section() {
        Section section = new Section("To build and to run bin/demo");
        if (missing.isEmpty()) {
            section.ok("everything is there");
        } else {
            section.note("missing: " + missing)
                    .next(
                            "bin/demo and bin/test install them on Debian, or as root: apt-get install --no-install-recommends "
                                    + missing);
        }
        if (!jdk17.isEmpty()) {
            section.ok("JDK 17, builds and tests: " + jdk17);
        }
        if (jdk25.isEmpty()) {
            section.note("JDK 25: none in JAVA_25_HOME or /usr/lib/jvm; only bin/test makes use of it");
        } else {
            section.ok("JDK 25, tests a second time: " + jdk25);
        }
        return section;
    }
}
