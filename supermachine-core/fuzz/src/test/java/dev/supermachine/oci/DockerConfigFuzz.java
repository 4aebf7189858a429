package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.fuzz.Oracle;
import dev.supermachine.fuzz.Scratch;
import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonFormatException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Any bytes as Docker's configuration file, on a machine without credential helpers: credentials that a header can hold, none, or a refusal. Asked for are
 * two registries and whatever the file names.
 */
public final class DockerConfigFuzz {

    private static final Path FILE = Scratch.directory("fuzz-docker").resolve("config.json");
    private static final int MOST_REGISTRIES = 8;

    private DockerConfigFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        try {
            Files.write(FILE, input);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        CredentialHelpers none = new CredentialHelpers("", Duration.ofSeconds(1));
        for (String registry : registries(input)) {
            try {
                Optional<DockerCredentials> found = new DockerConfig(FILE, none).find(registry);
                found.ifPresent(DockerConfigFuzz::holds);
                Oracle.requireEqual(found, new DockerConfig(FILE, none).find(registry), "asked again");
            } catch (ImageException e) {
                Oracle.requireGoodMessage(e);
            }
        }
    }

    private static void holds(DockerCredentials found) {
        Oracle.require(!found.user().isEmpty(), "credentials of nobody");
        Oracle.require(found.basic().matches("Basic [A-Za-z0-9+/]+={0,2}"), "no header: " + found.basic());
        String shown = new DockerCredentials(found.user(), "", found.source()).toString();
        Oracle.requireEqual(shown, found.toString(), "what is shown depends on the secret");
        Oracle.require(shown.codePoints().noneMatch(Character::isISOControl), "a control character in " + shown);
    }

    private static List<String> registries(byte[] input) {
        List<String> result = new ArrayList<>(List.of(ImageReference.DOCKER_HUB, "host:5000"));
        for (String member : List.of("auths", "credHelpers")) {
            try {
                JsonDocument.parse(input)
                        .optionalObject(member)
                        .ifPresent(object -> object.names().stream()
                                .filter(DockerConfigFuzz::isHost)
                                .limit(MOST_REGISTRIES)
                                .forEach(result::add));
            } catch (JsonFormatException e) {
                Oracle.requireGoodMessage(e);
            }
        }
        return result;
    }

    /** Only what a reference can have is ever asked for. */
    private static boolean isHost(String name) {
        return name.matches("[A-Za-z0-9.:-]{1,100}");
    }
}
