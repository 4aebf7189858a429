package dev.supermachine.oci;

import static dev.supermachine.oci.FakeRegistry.error;
import static dev.supermachine.oci.FakeRegistry.ok;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.supermachine.ImageException;
import dev.supermachine.Platform;
import dev.supermachine.PullPolicy;
import dev.supermachine.oci.FakeRegistry.Answer;
import dev.supermachine.oci.FakeRegistry.Request;
import dev.supermachine.oci.TestImage.Form;
import dev.supermachine.testing.Background;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Programs that keep credentials: shell scripts here, each of which notes that it was run and for what. */
class CredentialHelpersIT extends RegistryTest {

    private final TestImage image = TestImage.of(Form.GZIP, Form.ZSTD);
    private CredentialHelpers helpers;

    @BeforeEach
    void makeDirectory() throws IOException {
        Files.createDirectory(temp.resolve("bin"));
        helpers = new CredentialHelpers("/nowhere:" + temp.resolve("bin"), Duration.ofSeconds(30));
        registry.serve(image);
    }

    @Test
    void theHelperOfARegistryIsAskedOncePerRun() throws IOException {
        helper("mine", "echo '{\"ServerURL\":\"s\",\"Username\":\"u\",\"Secret\":\"p:w\"}'");
        helper("store", "exit 7");
        config("{\"credHelpers\":{\"" + registry.address() + "\":\"mine\"},\"credsStore\":\"store\"}");
        wantBasic("u:p:w");
        List<CompletableFuture<PulledImage>> pulls = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            pulls.add(
                    Background.supply(() -> puller().pull(registry.source(), Platform.LINUX_AMD64, PullPolicy.ALWAYS)));
        }
        for (CompletableFuture<PulledImage> pull : pulls) {
            LocalImagesTest.assertLayers(pull.join(), image);
        }
        assertThat(runs("mine")).containsExactly("get " + registry.address());
        assertThat(runs("store")).isEmpty();
    }

    @Test
    void theStoreIsAskedForEverythingElseAndAuthsComeLast() throws IOException {
        helper("store", "echo 'credentials not found in native keychain'; exit 1");
        String auth = Base64.getEncoder().encodeToString("u:p".getBytes(StandardCharsets.UTF_8));
        config("{\"credHelpers\":{\"elsewhere\":\"mine\"},\"credsStore\":\"store\",\"auths\":{\"" + registry.address()
                + "\":{\"auth\":\"" + auth + "\"}}}");
        wantBasic("u:p");

        LocalImagesTest.assertLayers(pullOnce(), image);

        assertThat(runs("store")).containsExactly("get " + registry.address());
        assertThat(new DockerConfig(temp.resolve("config.json"), helpers).find("docker.io"))
                .isEmpty();
        assertThat(runs("store")).containsExactly("get " + registry.address(), "get https://index.docker.io/v1/");
    }

    @Test
    void aRegistryThatWantsNothingStartsNoProgram() throws IOException {
        helper("store", "exit 7");
        config("{\"credsStore\":\"store\"}");
        LocalImagesTest.assertLayers(pullOnce(), image);
        assertThat(runs("store")).isEmpty();
    }

    @Test
    void whatIsNotFoundIsAnonymous() throws IOException {
        helper("store", "echo 'credentials not found in native keychain'; exit 1");
        config("{\"credsStore\":\"store\"}");
        FakeRegistry tokens = another();
        tokens.on("/token", ok("application/json", TestImage.json(Map.of("token", "T"))));
        wantBearer(tokens);

        LocalImagesTest.assertLayers(pullOnce(), image);

        assertThat(tokens.requests())
                .containsExactly(new Request("GET", "/token", "scope=repository%3Aapp%3Apull", List.of(), "", ""));
    }

    @Test
    void anIdentityTokenIsExchangedAndGoesNowhereElse() throws IOException {
        helper("store", "echo '{\"Username\":\"<token>\",\"Secret\":\"id+t0ken\"}'");
        config("{\"credsStore\":\"store\"}");
        FakeRegistry tokens = another();
        tokens.on("/token", ok("application/json", TestImage.json(Map.of("access_token", "T"))));
        wantBearer(tokens);

        LocalImagesTest.assertLayers(pullOnce(), image);

        assertThat(tokens.requests())
                .containsExactly(
                        new Request(
                                "POST",
                                "/token",
                                "",
                                List.of(),
                                "",
                                "scope=repository%3Aapp%3Apull&client_id=supermachine&grant_type=refresh_token&refresh_token=id%2Bt0ken"));
        assertThat(registry.requests()).flatExtracting(Request::authorization).containsOnly("Bearer T");

        tokens.on("/token", error(401, Map.of(), "UNAUTHORIZED", "expired"));
        assertThatThrownBy(() -> pull(helpers, PullPolicy.ALWAYS))
                .hasMessageStartingWith("Cannot pull " + name() + ": POST " + tokens.url("/token")
                        + " answered 401 (UNAUTHORIZED: expired). The registry does not accept the identity token from"
                        + " docker-credential-store (credsStore in " + temp.resolve("config.json")
                        + ") for the repository 'app'.")
                .hasMessageNotContaining("id+t0ken");
        wantBasic("u:p");
        assertThatThrownBy(() -> pull(helpers, PullPolicy.ALWAYS))
                .hasMessageContaining("The registry does not accept the identity token from docker-credential-store");
        assertThat(registry.requests())
                .flatExtracting(Request::authorization)
                .noneMatch(header -> header.startsWith("Basic"));
    }

    @Test
    void saysWhatIsWrongWithAHelperAndShowsNoSecret() throws IOException {
        wantBasic("u:p");
        String file = temp.resolve("config.json").toString();
        config("{\"credsStore\":\"store\"}");
        String start = "The credential helper docker-credential-store (credsStore in " + file + ") cannot be used for "
                + registry.address() + ": ";
        String path = temp.resolve("bin/docker-credential-store").toString();

        assertProblem(start + "there is no such program on PATH (/nowhere:" + temp.resolve("bin")
                + "). Install it, add its directory to PATH, or take it out of the file and run docker login again.");
        helper("store", "echo the key ring is locked; exit 3");
        assertProblem(start + path + " ended with status 3 (the key ring is locked). Run it by hand: echo "
                + registry.address() + " | docker-credential-store get");
        helper("store", "echo '{\"Username\":\"u\",\"Secret\":\"s3cret\"}'; echo no end >&2; exit 3");
        assertProblem(start + path + " ended with status 3 (no end). Run it by hand: echo " + registry.address()
                + " | docker-credential-store get");
        for (String output : List.of("s3cret", "{\"Username\":\"u\",\"Secret\":[\"s3cret\"]}", "[\"s3cret\"]")) {
            helper("store", "printf '%s' '" + output + "'");
            assertProblem(start + path
                    + " did not print what it should: expected a JSON object with the strings Username and Secret, found "
                    + output.length() + " characters that are something else. Check the program.");
        }
        Files.writeString(temp.resolve("bin/docker-credential-store"), "#!/nowhere/sh\n");
        assertThatThrownBy(() -> pull(fresh(), PullPolicy.ALWAYS))
                .hasMessageStartingWith(start + path + " cannot be run: ");
        config("{\"credsStore\":\"../store\"}");
        assertProblem("The credential helper docker-credential-../store (credsStore in " + file
                + ") cannot be used for " + registry.address()
                + ": its name is not one of a program. Correct the file.");
    }

    @Test
    void aHelperThatHangsIsEndedAndNotRunAgain() throws IOException {
        wantBasic("u:p");
        config("{\"credsStore\":\"store\"}");
        helper("store", "echo $$ >" + temp.resolve("pid") + "; sleep 600");
        CredentialHelpers impatient = new CredentialHelpers(temp.resolve("bin").toString(), Duration.ofMillis(1500));
        String message = "The credential helper docker-credential-store (credsStore in " + temp.resolve("config.json")
                + ") cannot be used for " + registry.address() + ": " + temp.resolve("bin/docker-credential-store")
                + " had not answered after 1500 ms and was ended. Run it by hand to see whether it waits for something: echo "
                + registry.address() + " | docker-credential-store get";
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> pull(impatient, PullPolicy.ALWAYS))
                    .isInstanceOf(ImageException.class)
                    .hasMessage(message);
        }
        assertThat(runs("store")).hasSize(1);
        long pid = Long.parseLong(Files.readString(temp.resolve("pid")).strip());
        await().until(() -> ProcessHandle.of(pid).isEmpty());
    }

    private void assertProblem(String message) {
        assertThatThrownBy(() -> pull(fresh(), PullPolicy.ALWAYS))
                .isInstanceOf(ImageException.class)
                .hasMessage(message)
                .hasNoCause();
    }

    private CredentialHelpers fresh() {
        return new CredentialHelpers("/nowhere:" + temp.resolve("bin"), Duration.ofSeconds(30));
    }

    private ImagePuller puller() {
        return new ImagePuller(store, PullListener.SILENT, settings, helpers);
    }

    private PulledImage pullOnce() {
        return pull(helpers, PullPolicy.IF_MISSING);
    }

    private PulledImage pull(CredentialHelpers with, PullPolicy policy) {
        return new ImagePuller(store, PullListener.SILENT, settings, with)
                .pull(registry.source(), Platform.LINUX_AMD64, policy);
    }

    private void helper(String name, String script) throws IOException {
        Path file = Files.writeString(
                temp.resolve("bin/docker-credential-" + name),
                "#!/bin/sh\necho \"$1 $(cat)\" >>" + temp.resolve(name + ".runs") + "\n" + script + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private List<String> runs(String name) throws IOException {
        Path file = temp.resolve(name + ".runs");
        return Files.exists(file) ? Files.readAllLines(file) : List.of();
    }

    private void config(String json) throws IOException {
        Files.writeString(temp.resolve("config.json"), json);
    }

    private void wantBasic(String userAndPassword) {
        String wanted = "Basic " + Base64.getEncoder().encodeToString(userAndPassword.getBytes(StandardCharsets.UTF_8));
        want(wanted, "Basic realm=\"r\"");
    }

    private void wantBearer(FakeRegistry tokens) {
        want("Bearer T", "Bearer realm=\"" + tokens.url("/token") + "\"");
    }

    private void want(String wanted, String challenge) {
        registry.guard(answer -> exchange -> {
            boolean good = wanted.equals(exchange.getRequestHeaders().getFirst("Authorization"));
            Answer refusal = error(401, Map.of("WWW-Authenticate", challenge), "UNAUTHORIZED", "no");
            (good ? answer : refusal).send(exchange);
        });
    }
}
