package dev.supermachine.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import dev.supermachine.oci.TestImage.Form;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Debian's registry with a certificate of an authority that Java does not know, and with a login. */
class SecureRegistryIT {

    @TempDir
    Path temp;

    @Test
    void anAuthorityOfOnesOwnIsTrustedWhenItIsNamed() throws IOException {
        TestImage image = TestImage.of(Form.GZIP, Form.ZSTD);
        Path layout = TestImage.write(temp.resolve("layout"), TestImage.layout(Map.of("1", image)));
        TestAuthority authority = TestAuthority.make(temp.resolve("authority"));
        try (DebianRegistry registry = DebianRegistry.startSecure(temp.resolve("registry"), authority)) {
            String login = registry.user() + ":" + registry.password();
            registry.push("oci:" + layout + ":1", "team/app:1", "--dest-creds", login);
            String host = registry.addressOfAnyMachine();
            PullSettings settings = PullSettings.defaults().withDockerConfig(dockerConfig(host, login));
            ContentStore store = new ContentStore(temp.resolve("store"));
            ImageSource source = ImageSource.of(host + "/team/app:1");

            assertThatThrownBy(() -> new ImagePuller(store, PullListener.SILENT, settings)
                            .pull(source, Platform.LINUX_AMD64, PullPolicy.IF_MISSING))
                    .hasMessageStartingWith("Cannot pull " + host + "/team/app:1: no secure connection to " + host
                            + " (tried GET https://" + host + "/v2/team/app/manifests/1: ")
                    .hasMessageEndingWith(
                            "). Registries on other machines need https with a certificate that this Java trusts; one of your own is made"
                                    + " known with the setting supermachine.registry.ca.file. Plain http is used for localhost only.");

            PullSettings trusting = settings.withCaFile(Optional.of(authority.certificate()));
            PulledImage pulled = new ImagePuller(store, PullListener.SILENT, trusting)
                    .pull(source, Platform.LINUX_AMD64, PullPolicy.IF_MISSING);
            LocalImagesTest.assertLayers(pulled, image);

            // The same as a mirror of a registry that is not there.
            PullSettings mirrored = trusting.withMirrors(Map.of("registry.invalid", List.of(host + "/team")));
            ContentStore other = new ContentStore(temp.resolve("other"));
            PulledImage fromMirror = new ImagePuller(other, PullListener.SILENT, mirrored)
                    .pull(ImageSource.of("registry.invalid/app:1"), Platform.LINUX_AMD64, PullPolicy.IF_MISSING);
            assertThat(fromMirror.manifestDigest()).isEqualTo(pulled.manifestDigest());
        }
    }

    private Path dockerConfig(String registry, String login) throws IOException {
        String auth = Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.UTF_8));
        return Files.write(
                temp.resolve("config.json"), TestImage.json(Map.of("auths", Map.of(registry, Map.of("auth", auth)))));
    }
}
