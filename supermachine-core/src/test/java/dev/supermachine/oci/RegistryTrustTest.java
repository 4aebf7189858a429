package dev.supermachine.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RegistryTrustTest {

    @TempDir
    Path temp;

    @Test
    void saysWhatIsWrongWithTheFile() throws IOException {
        Path file = temp.resolve("ca.pem");
        assertThatThrownBy(() -> RegistryTrust.with(file))
                .isInstanceOf(ImageException.class)
                .hasMessage("The certificates in " + file + " cannot be read: java.nio.file.NoSuchFileException: "
                        + file + ". Check supermachine.registry.ca.file and the file's permissions.");
        String start = "The file " + file
                + " of supermachine.registry.ca.file should hold certificates in PEM (-----BEGIN CERTIFICATE-----), but does not: ";
        Files.writeString(file, "");
        assertThatThrownBy(() -> RegistryTrust.with(file)).hasMessage(start + "it is empty.");
        for (String wrong : new String[] {
            "nonsense",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\n"
        }) {
            Files.writeString(file, wrong);
            assertThatThrownBy(() -> RegistryTrust.with(file)).as(wrong).hasMessageStartingWith(start);
        }
    }

    @Test
    void theFileIsReadWhenARegistryIsAsked() throws IOException {
        Path file = temp.resolve("missing.pem");
        PullSettings settings = PullSettings.defaults().withCaFile(Optional.of(file));
        ContentStore store = new ContentStore(temp.resolve("store"));
        ImagePuller puller = new ImagePuller(store, PullListener.SILENT, settings);
        assertThat(settings.caFile()).contains(file);
        assertThatThrownBy(() ->
                        puller.pull(ImageSource.of("127.0.0.1:1/app:1"), Platform.LINUX_AMD64, PullPolicy.IF_MISSING))
                .hasMessageStartingWith("The certificates in " + file + " cannot be read: ");
    }
}
