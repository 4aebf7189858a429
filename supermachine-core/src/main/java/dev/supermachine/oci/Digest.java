package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.hash.Sha256;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A SHA-256 content digest (OCI image specification, "Digests"). The other registered algorithm, sha512, is not in use by registries and is refused.
 *
 * @param hex 64 lower-case hexadecimal digits
 */
record Digest(String hex) {

    static final String PREFIX = "sha256:";
    private static final Pattern HEX = Pattern.compile("[0-9a-f]{64}");

    Digest {
        if (!HEX.matcher(hex).matches()) {
            throw new IllegalArgumentException("Not a SHA-256 digest: " + hex);
        }
    }

    static Optional<Digest> tryParse(String text) {
        return text.startsWith(PREFIX)
                        && HEX.matcher(text)
                                .region(PREFIX.length(), text.length())
                                .matches()
                ? Optional.of(new Digest(text.substring(PREFIX.length())))
                : Optional.empty();
    }

    /** Parses a digest found in a document; {@code where} is the member and its document, for the message. */
    static Digest parse(String text, String where) {
        return tryParse(text)
                .orElseThrow(() -> new ImageException(
                        where + ": expected sha256: and 64 lower-case hexadecimal digits, but found '"
                                + Messages.excerpt(text) + "'. Other digest algorithms are not supported."));
    }

    static Digest of(byte[] bytes) {
        return new Digest(Sha256.hex(bytes));
    }

    /** The value of a hash that has been fed; it is reset by that. */
    static Digest of(MessageDigest hash) {
        return new Digest(Sha256.hex(hash));
    }

    @Override
    public String toString() {
        return PREFIX + hex;
    }
}
