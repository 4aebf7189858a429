package dev.supermachine.oci;

import static dev.supermachine.oci.FakeRegistry.redirect;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.supermachine.ImageException;
import java.net.URI;
import org.junit.jupiter.api.Test;

/** Addresses that a URL can hold and a connection cannot. */
class RegistryHttpTest extends RegistryTest {

    private static final URI START = URI.create("https://registry.example/v2/");

    @Test
    void aPortThatCannotBeIsNotSafe() {
        assertThat(RegistryHttp.isSafe(START, URI.create("https://cdn.example:65535/x")))
                .isTrue();
        assertThat(RegistryHttp.isSafe(START, URI.create("https://cdn.example:65536/x")))
                .isFalse();
    }

    @Test
    void aRedirectToAPortThatCannotBeIsAFailedPull() {
        registry.on("/v2/app/manifests/1", redirect("http://localhost:99999/x"));
        assertThatThrownBy(() -> pull())
                .isInstanceOf(ImageException.class)
                .hasMessage("Cannot pull " + name() + ": GET " + registry.url("/v2/app/manifests/1")
                        + " cannot be followed: it was redirected to the port 99999, which cannot be. The registry is"
                        + " set up wrongly.");
    }
}
