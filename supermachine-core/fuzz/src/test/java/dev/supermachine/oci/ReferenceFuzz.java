package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.fuzz.Oracle;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/** Any text as a reference: refused with a reason, or read the same from every form it prints, and good for a URL. */
public final class ReferenceFuzz {

    private ReferenceFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        // Both: bytes that are no UTF-8 would all be the same character.
        parse(new String(input, StandardCharsets.UTF_8));
        parse(new String(input, StandardCharsets.ISO_8859_1));
    }

    private static void parse(String text) {
        ImageReference reference;
        try {
            reference = ImageReference.parse(text);
        } catch (ImageException e) {
            Oracle.requireGoodMessage(e);
            return;
        }
        Oracle.requireEqual(reference, ImageReference.parse(reference.toString()), "canonical form of " + text);
        Oracle.requireEqual(reference, ImageReference.parse(reference.familiar()), "familiar form of " + text);
        Oracle.requireEqual(
                reference.familiar(),
                ImageReference.parse(reference.familiar()).familiar(),
                "familiar form twice of " + text);
        Oracle.require(
                reference.tag().isPresent() || reference.digest().isPresent(), "neither tag nor digest: " + text);
        URI base = RegistryHttp.base(reference.registry());
        Oracle.require(base.getHost() != null, "no host in " + base + " for " + text);
        String path = "/v2/" + reference.repository() + "/manifests/" + reference.identifier();
        Oracle.requireEqual(path, base.resolve(path).getPath(), "path at the registry");
        Oracle.requireEqual(
                base.getHost(), base.resolve(path).getHost(), "the host that is asked for " + reference.repository());
    }
}
