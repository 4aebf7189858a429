package dev.supermachine.hash;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * SHA-256 (FIPS 180-4), which every Java platform has to provide. Thread-safe.
 *
 * @since 0.1
 */
public final class Sha256 {

    private Sha256() {}

    /**
     * A hash to be fed.
     *
     * @return a fresh one, for one thread
     */
    public static MessageDigest newDigest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }

    /**
     * The hash of some bytes.
     *
     * @param bytes the content
     * @return 64 hexadecimal digits in lower case
     */
    public static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(newDigest().digest(bytes));
    }

    /**
     * The value of a hash that has been fed; it is reset by that.
     *
     * @param digest the hash
     * @return 64 hexadecimal digits in lower case
     */
    public static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }
}
