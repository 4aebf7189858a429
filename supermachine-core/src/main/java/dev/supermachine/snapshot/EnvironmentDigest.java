package dev.supermachine.snapshot;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Stands for the value of an environment variable wherever a person or a file may see it: HMAC-SHA256 under a random key that never leaves the store, so that
 * equal values can be told from different ones, but not guessed. Immutable and thread-safe.
 */
public final class EnvironmentDigest {

    static final int KEY_BYTES = 32;
    private static final String ALGORITHM = "HmacSHA256";

    private final SecretKeySpec key;

    EnvironmentDigest(byte[] key) {
        if (key.length != KEY_BYTES) {
            throw new IllegalArgumentException("A key has " + KEY_BYTES + " bytes, but this one has " + key.length);
        }
        this.key = new SecretKeySpec(key, ALGORITHM);
    }

    /**
     * The digest of one variable. The same value under another name has another digest.
     *
     * @param name the variable
     * @param value its value
     * @return {@code hmac-sha256:} and 64 hexadecimal digits
     */
    public String of(String name, String value) {
        byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            mac.update(
                    ByteBuffer.allocate(Integer.BYTES).putInt(nameBytes.length).array());
            mac.update(nameBytes);
            return "hmac-sha256:" + HexFormat.of().formatHex(mac.doFinal(value.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every Java platform has " + ALGORITHM, e);
        }
    }

    /**
     * The digests of many.
     *
     * @param environment variables and their values
     * @return the variables and their values' digests, sorted by name
     */
    public Map<String, String> of(Map<String, String> environment) {
        Map<String, String> digests = new TreeMap<>();
        environment.forEach((name, value) -> digests.put(name, of(name, value)));
        return digests;
    }
}
