package dev.supermachine.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageReferenceTest {

    private static final String HEX = "0123456789abcdef".repeat(4);
    private static final String EXPECTED =
            ". Expected [host[:port]/]path[:tag][@sha256:digest], such as postgres:16 or localhost:5000/team/app:1.";

    @ParameterizedTest
    @CsvSource({
        "postgres:16, docker.io/library/postgres:16, postgres:16",
        "postgres, docker.io/library/postgres:latest, postgres:latest",
        "team/app, docker.io/team/app:latest, team/app:latest",
        "docker.io/postgres, docker.io/library/postgres:latest, postgres:latest",
        "index.docker.io/library/postgres, docker.io/library/postgres:latest, postgres:latest",
        "docker.io/library/a/b:1, docker.io/library/a/b:1, library/a/b:1",
        "localhost/app, localhost/app:latest, localhost/app:latest",
        "localhost:5000/team/app:1, localhost:5000/team/app:1, localhost:5000/team/app:1",
        "Registry/app, Registry/app:latest, Registry/app:latest",
        "registry.example/a.b_c__d---e:V1.2-x_, registry.example/a.b_c__d---e:V1.2-x_, registry.example/a.b_c__d---e:V1.2-x_",
        "[::1]:5000/app, [::1]:5000/app:latest, [::1]:5000/app:latest",
        "127.0.0.1:5000/app, 127.0.0.1:5000/app:latest, 127.0.0.1:5000/app:latest",
    })
    void readsDockersForms(String text, String canonical, String familiar) {
        ImageReference reference = ImageReference.parse(text);
        assertThat(reference).hasToString(canonical);
        assertThat(reference.familiar()).isEqualTo(familiar);
        assertThat(reference.digest()).isEmpty();
        assertThat(ImageReference.parse(canonical)).isEqualTo(reference).hasSameHashCodeAs(reference);
        assertThat(ImageReference.parse(familiar)).isEqualTo(reference);
    }

    @Test
    void aDigestNeedsNoTagAndMayHaveOne() {
        ImageReference digest = ImageReference.parse("postgres@sha256:" + HEX);
        assertThat(digest.tag()).isEmpty();
        assertThat(digest.digest()).contains("sha256:" + HEX);
        assertThat(digest).hasToString("docker.io/library/postgres@sha256:" + HEX);
        ImageReference both = ImageReference.parse("localhost:5000/app:1@sha256:" + HEX);
        assertThat(both.registry()).isEqualTo("localhost:5000");
        assertThat(both.repository()).isEqualTo("app");
        assertThat(both.tag()).contains("1");
        assertThat(both.identifier()).isEqualTo("sha256:" + HEX);
        assertThat(both).hasToString("localhost:5000/app:1@sha256:" + HEX);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "docker.io/localhost/app",
                "docker.io/team.example/app",
                "docker.io/team.example/group/app",
                "docker.io/library/team.example/app"
            })
    void theFamiliarFormIsReadAsTheSameReference(String text) {
        ImageReference reference = ImageReference.parse(text);
        assertThat(reference.registry()).isEqualTo("docker.io");
        assertThat(ImageReference.parse(reference.familiar())).isEqualTo(reference);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''|it is empty",
                "https://localhost/app|it has a scheme; leave out everything up to '://'",
                ":1|the name in front of the tag or digest is missing",
                "app:|the tag after ':' is empty",
                "app:.1|'.1' is not a tag: it is made of letters, digits, '_', '.' and '-', and begins with none of the last two",
                "App|'App' has upper-case letters; a repository's name is in lower case",
                "team//app|a part of the path is empty; there is a '/' too many",
                "team/app/|a part of the path is empty; there is a '/' too many",
                "team/-app|'-app' is not a part of a path: it is made of a-z and 0-9, with '.', '_', '__' or hyphens between them",
                "a___b|'a___b' is not a part of a path: it is made of a-z and 0-9, with '.', '_', '__' or hyphens between them",
                "localhost:port/app|the port 'port' is not a number from 1 to 65535",
                "localhost:65536/app|the port '65536' is not a number from 1 to 65535",
                "-host.example/app|'-host.example' is not a host name: its parts are letters, digits and inner hyphens, joined by single dots",
                "host..example/app|'host..example' is not a host name: its parts are letters, digits and inner hyphens, joined by single dots",
                "[::x]:5000/app|'[::x]' is not an IPv6 address in brackets",
                "[1]:5000/app|'[1]' is not an IPv6 address in brackets",
                "10.0.0.1.2:5000/app|'10.0.0.1.2' is not a host name: the last part of one begins with a letter, and an IPv4 address has four numbers",
                "host.1/app|'host.1' is not a host name: the last part of one begins with a letter, and an IPv4 address has four numbers",
                "app@sha256:abc|the digest 'sha256:abc' is not sha256: and 64 lower-case hexadecimal digits",
            })
    void saysWhichPartIsWrong(String text, String reason) {
        assertThatThrownBy(() -> ImageReference.parse(text))
                .isInstanceOf(ImageException.class)
                .hasMessage("Not an image reference: '" + text + "': " + reason + EXPECTED);
    }

    @Test
    void limitsLengths() {
        assertThat(ImageReference.parse("app:" + "t".repeat(128)).tag()).contains("t".repeat(128));
        assertThatThrownBy(() -> ImageReference.parse("app:" + "t".repeat(129)))
                .hasMessageContaining("the tag is longer than 128 characters");
        assertThatThrownBy(() -> ImageReference.parse("a".repeat(256)))
                .hasMessageContaining("the name is longer than 255 characters");
        assertThatThrownBy(() -> ImageReference.parse(HEX)).hasMessageContaining("are an image id, not a name");
        assertThatThrownBy(() -> ImageReference.parse("a\n\u001b[31m"))
                .hasMessageStartingWith("Not an image reference: 'a??[31m'");
    }

    @Test
    void whatIsGeneratedFromTheGrammarIsReadBack() {
        for (int i = 0; i < 5_000; i++) {
            Random random = Seeds.random(i);
            String registry = pick(random, "localhost", "localhost:5000", "a-b.example", "10.0.0.1:1", "[fe80::1]:80");
            String repository = component(random) + (random.nextBoolean() ? "/" + component(random) : "");
            String tag = pick(random, "1", "_x", "A.b-c", "latest");
            boolean tagged = random.nextBoolean();
            boolean pinned = random.nextBoolean();
            String text = registry + "/" + repository + (tagged ? ":" + tag : "") + (pinned ? "@sha256:" + HEX : "");
            ImageReference reference = ImageReference.parse(text);
            assertThat(reference.registry()).as(text).isEqualTo(registry);
            assertThat(reference.repository()).as(text).isEqualTo(repository);
            assertThat(reference.tag())
                    .as(text)
                    .isEqualTo(tagged ? Optional.of(tag) : pinned ? Optional.empty() : Optional.of("latest"));
            assertThat(reference.digest().isPresent()).as(text).isEqualTo(pinned);
            assertThat(ImageReference.parse(reference.toString())).as(text).isEqualTo(reference);
        }
    }

    @Test
    void anyTextIsAReferenceOrAnError() {
        String alphabet = "ab01AB._-:/@[]sha256 \n\u00e9localhost";
        int read = 0;
        for (int i = 0; i < 20_000; i++) {
            Random random = Seeds.random(i);
            StringBuilder text = new StringBuilder();
            int length = random.nextInt(14);
            for (int k = 0; k < length; k++) {
                text.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            try {
                ImageReference reference = ImageReference.parse(text.toString());
                assertThat(ImageReference.parse(reference.toString()))
                        .as("seed %d: %s", i, text)
                        .isEqualTo(reference);
                assertThat(ImageReference.parse(reference.familiar()))
                        .as("seed %d: %s", i, text)
                        .isEqualTo(reference);
                read++;
            } catch (ImageException e) {
                assertThat(e)
                        .as("seed %d", i)
                        .hasMessageStartingWith("Not an image reference: '")
                        .hasMessageEndingWith(EXPECTED);
            }
        }
        assertThat(read).isBetween(100, 19_900);
    }

    @Test
    void sourcesHavePrefixes(@TempDir Path temp) throws IOException {
        assertThat(ImageSource.of("postgres:16"))
                .isEqualTo(ImageSource.registry(ImageReference.parse("docker.io/library/postgres:16")));
        assertThat(ImageSource.of("oci-layout:" + temp)).isEqualTo(ImageSource.ociLayout(temp));
        assertThat(ImageSource.of("oci-archive:" + temp.resolve("a.tar")))
                .isEqualTo(ImageSource.ociArchive(temp.resolve("a.tar")));
        assertThat(ImageSource.of("oci-archive:" + temp.resolve("a.tar") + ":1.2"))
                .isEqualTo(new ImageSource.OciArchive(temp.resolve("a.tar"), Optional.of("1.2"), Optional.empty()))
                .hasToString("oci-archive:" + temp.resolve("a.tar") + ":1.2");
        Path colon = Files.createDirectory(temp.resolve("with:colon"));
        assertThat(ImageSource.of("oci-layout:" + colon)).isEqualTo(ImageSource.ociLayout(colon));
        assertThatThrownBy(() -> ImageSource.of("oci-archive:"))
                .hasMessage("Not an image source: 'oci-archive:': the path after oci-archive: is missing.");
    }

    private static String component(Random random) {
        StringBuilder text = new StringBuilder(pick(random, "a", "b2", "0"));
        for (int parts = random.nextInt(4); parts > 0; parts--) {
            text.append(pick(random, ".", "_", "__", "-", "---")).append(pick(random, "x", "7z"));
        }
        return text.toString();
    }

    private static String pick(Random random, String... choices) {
        return choices[random.nextInt(choices.length)];
    }
}
