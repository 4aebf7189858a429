package dev.supermachine.oci;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * What one registry is told about who asks: a user with a password, or an identity token that a token server exchanges. {@code toString} never shows the
 * secret.
 *
 * @param user the user's name; {@link #TOKEN_USER} for an identity token
 * @param secret the password, access token or identity token
 * @param source where they were found, for messages
 */
record DockerCredentials(String user, String secret, String source) {

    /** The name by which Docker and its credential helpers mark an identity token. */
    static final String TOKEN_USER = "<token>";

    boolean isIdentityToken() {
        return user.equals(TOKEN_USER);
    }

    /** The value of an {@code Authorization} header. */
    String basic() {
        String joined = user + ":" + secret;
        return "Basic " + Base64.getEncoder().encodeToString(joined.getBytes(StandardCharsets.UTF_8));
    }

    /** Whose they are and where they are from, for messages. */
    @Override
    public String toString() {
        return (isIdentityToken() ? "the identity token" : "the credentials of user '" + Messages.excerpt(user) + "'")
                + " from " + source;
    }
}
