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

class DockerConfigTest {

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
                        + "\"empty\":{}}}");
        DockerCredentials hub = find("docker.io").orElseThrow();
        assertThat(hub.user()).isEqualTo("u");
        assertThat(hub.secret()).isEqualTo("p:w");
        assertThat(hub.basic()).isEqualTo("Basic dTpwOnc=");
        assertThat(hub).hasToString("the credentials of user 'u' from " + file);
        assertThat(find("host:5000").orElseThrow().basic()).isEqualTo("Basic bjpz");
        assertThat(find("host:5001")).isEmpty();
        assertThat(find("empty")).isEmpty();
    }

    @Test
    void aFileThatIsMissingHasNone() throws IOException {
        assertThat(find("host")).isEmpty();
        write("{\"credsStore\":\"\",\"credHelpers\":{\"other\":\"desktop\"}}");
        assertThat(find("host")).isEmpty();
    }

    @Test
    void saysWhatIsWrongWithTheFile() throws IOException {
        String start = "The credentials in " + file + " cannot be read: ";
        write("{\"auths\":[]}");
        assertThatThrownBy(() -> find("host"))
                .isInstanceOf(ImageException.class)
                .hasMessage(start + "auths: expected an object, but found []. Run docker login again.");
        for (String auth : new String[] {"%%%", "bm9jb2xvbg=="}) {
            write("{\"auths\":{\"host\":{\"auth\":\"" + auth + "\"}}}");
            assertThatThrownBy(() -> find("host"))
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
                        Duration.ofSeconds(30),
                        RetryPolicy.defaults(),
                        4,
                        Optional.of(Path.of("/etc/d/config.json")),
                        Map.of(),
                        Optional.empty()));
        assertThatThrownBy(() -> PullSettings.defaults().withTimeouts(Duration.ZERO, Duration.ZERO, Duration.ZERO))
                .hasMessage("A timeout must be positive, but was: PT0S");
    }

    @Test
    void anIdentityTokenGoesBeforeAPassword() throws IOException {
        write("{\"auths\":{\"host\":{\"auth\":\"dTpw\",\"identitytoken\":\"idt0ken\"}}}");
        DockerCredentials token = find("host").orElseThrow();
        assertThat(token.isIdentityToken()).isTrue();
        assertThat(token.secret()).isEqualTo("idt0ken");
        assertThat(token).hasToString("the identity token from " + file);
    }

    @Test
    void whatStandsWhereASecretBelongsIsNotShown() throws IOException {
        for (String entry :
                new String[] {"\"s3cret\"", "{\"auth\":51324}", "{\"username\":\"u\",\"password\":[\"s3cret\"]}"}) {
            write("{\"auths\":{\"host\":" + entry + "}}");
            assertThatThrownBy(() -> find("host"))
                    .hasMessage(
                            "The credentials in " + file
                                    + " cannot be read: auths.host: expected an object with strings in it. Run docker login host again.")
                    .hasNoCause();
        }
    }

    @Test
    void aKeyForgesNoLine() throws IOException {
        write("{\"auths\":{\"host/a\\nb\\u001b[2J" + "c".repeat(200) + "\":{\"auth\":\"%\"}}}");
        assertThatThrownBy(() -> find("host"))
                .hasMessage("The credentials in " + file + " cannot be read: auths.host/a?b?[2J" + "c".repeat(108)
                        + "....auth: expected user:password in base64. Run docker login host again.");
        write("{\"credHelpers\":{\"host/a\\nb\":\"none\"}}");
        assertThatThrownBy(() -> find("host"))
                .hasMessageContaining(
                        "(credHelpers.host/a?b in " + file + ") cannot be used for host: there is no such");
    }

    /** With no program anywhere. */
    private Optional<DockerCredentials> find(String registry) {
        return new DockerConfig(file, new CredentialHelpers("", Duration.ofSeconds(1))).find(registry);
    }

    private void write(String text) throws IOException {
        Files.writeString(file, text);
    }
}
