package dev.supermachine.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DockerCredentialsTest {

    @TempDir
    Path temp;

    private Path file;

    @BeforeEach
    void name() {
        file = temp.resolve("config.json");
    }

    @Test
    void findsARegistryUnderAnyOfItsNames() throws IOException {
        write(
                "{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"dTpwOnc=\"},\"Host:5000\":{\"username\":\"n\",\"password\":\"s\"},"
                        + "\"empty\":{}},\"credsStore\":\"desktop\"}");
        DockerCredentials hub = DockerCredentials.find(file, "docker.io").orElseThrow();
        assertThat(hub.user()).isEqualTo("u");
        assertThat(hub.password()).isEqualTo("p:w");
        assertThat(hub.basic()).isEqualTo("Basic dTpwOnc=");
        assertThat(hub.toString()).doesNotContain("p:w");
        assertThat(DockerCredentials.find(file, "host:5000").orElseThrow().basic())
                .isEqualTo("Basic bjpz");
        assertThat(DockerCredentials.find(file, "host:5001")).isEmpty();
        assertThat(DockerCredentials.find(file, "empty")).isEmpty();
    }

    @Test
    void aFileThatIsMissingHasNone() throws IOException {
        assertThat(DockerCredentials.find(file, "host")).isEmpty();
        write("{\"credsStore\":\"desktop\"}");
        assertThat(DockerCredentials.find(file, "host")).isEmpty();
    }

    @Test
    void saysWhatIsWrongWithTheFile() throws IOException {
        String start = "The credentials in " + file + " cannot be read: ";
        write("{\"auths\":[]}");
        assertThatThrownBy(() -> DockerCredentials.find(file, "host"))
                .isInstanceOf(ImageException.class)
                .hasMessage(start + "auths: expected an object, but found []. Run docker login again.");
        for (String auth : new String[] {"%%%", "bm9jb2xvbg=="}) {
            write("{\"auths\":{\"host\":{\"auth\":\"" + auth + "\"}}}");
            assertThatThrownBy(() -> DockerCredentials.find(file, "host"))
                    .hasMessage(
                            start + "auths.host.auth: expected user:password in base64. Run docker login host again.");
        }
    }

    @Test
    void theFileIsWhereDockerHasIt() {
        Path home = Path.of("/home/me");
        assertThat(PullSettings.defaults(Map.of(), home).dockerConfig())
                .contains(Path.of("/home/me/.docker/config.json"));
        assertThat(PullSettings.defaults(Map.of("DOCKER_CONFIG", "/etc/d"), home))
                .isEqualTo(new PullSettings(
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(60),
                        Duration.ofSeconds(60),
                        4,
                        Optional.of(Path.of("/etc/d/config.json"))));
        assertThatThrownBy(() -> PullSettings.defaults().withTimeouts(Duration.ZERO, Duration.ZERO, Duration.ZERO))
                .hasMessage("A timeout must be positive, but was: PT0S");
    }

    private void write(String text) throws IOException {
        Files.writeString(file, text);
    }
}
