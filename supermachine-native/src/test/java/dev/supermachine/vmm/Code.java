package dev.supermachine.vmm;

import java.io.ByteArrayOutputStream;
import java.util.HexFormat;

/** Machine code of tiny guests, written as hexadecimal bytes with what they mean behind a semicolon. */
final class Code {

    private Code() {}

    /** The bytes of some lines. */
    static byte[] of(String lines) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        lines.lines().forEach(line -> {
            String hex = line.contains(";") ? line.substring(0, line.indexOf(';')) : line;
            bytes.writeBytes(HexFormat.of().parseHex(hex.replace(" ", "")));
        });
        return bytes.toByteArray();
    }
}
