package dev.supermachine.bake;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes named values so that no two different sequences of them give the same bytes: everything of variable length is preceded by its length, every value by
 * its name and type. {@code docs/snapshot-format.md} has the layout.
 */
final class CanonicalEncoder {

    private static final Comparator<byte[]> UNSIGNED = Arrays::compareUnsigned;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    CanonicalEncoder(String magic) {
        out.writeBytes(magic.getBytes(StandardCharsets.US_ASCII));
    }

    CanonicalEncoder string(String name, String value) {
        head(name, 'S');
        text(value);
        return this;
    }

    CanonicalEncoder number(String name, long value) {
        head(name, 'I');
        out.writeBytes(ByteBuffer.allocate(Long.BYTES).putLong(value).array());
        return this;
    }

    CanonicalEncoder list(String name, List<String> values) {
        head(name, 'L');
        count(values.size());
        values.forEach(this::text);
        return this;
    }

    CanonicalEncoder map(String name, Map<String, String> values) {
        head(name, 'M');
        count(values.size());
        Map<byte[], String> sorted = new TreeMap<>(UNSIGNED);
        values.forEach((key, value) -> sorted.put(utf8(key), value));
        sorted.forEach((key, value) -> {
            bytes(key);
            text(value);
        });
        return this;
    }

    byte[] toBytes() {
        return out.toByteArray();
    }

    /**
     * The text in UTF-8.
     *
     * @throws IllegalArgumentException if it has an unpaired surrogate, which UTF-8 cannot carry: replaced, it would look like another text
     */
    static byte[] utf8(String text) {
        try {
            ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            byte[] bytes = new byte[encoded.remaining()];
            encoded.get(bytes);
            return bytes;
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("A text with an unpaired surrogate cannot be encoded in UTF-8", e);
        }
    }

    private void head(String name, char type) {
        text(name);
        out.write(type);
    }

    private void text(String value) {
        bytes(utf8(value));
    }

    private void bytes(byte[] value) {
        count(value.length);
        out.writeBytes(value);
    }

    private void count(int value) {
        out.writeBytes(ByteBuffer.allocate(Integer.BYTES).putInt(value).array());
    }
}
