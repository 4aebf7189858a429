package dev.supermachine.vmm;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Writes the bytes of ACPI's machine language (ACPI 6.5, chapter 20), as little of it as our tables need. Each method gives one term; terms are put into others. */
final class Aml {

    private static final int ZERO = 0x00;
    private static final int ONE = 0x01;
    private static final int NAME = 0x08;
    private static final int BYTE = 0x0A;
    private static final int WORD = 0x0B;
    private static final int DWORD = 0x0C;
    private static final int STRING = 0x0D;
    private static final int QWORD = 0x0E;
    private static final int SCOPE = 0x10;
    private static final int BUFFER = 0x11;
    private static final int PACKAGE = 0x12;
    private static final int METHOD = 0x14;
    private static final int EXTENDED = 0x5B;
    private static final int DEVICE = 0x82;
    private static final int ARGUMENT_0 = 0x68;
    private static final int NOTIFY = 0x86;
    private static final int EQUAL = 0x93;
    private static final int IF = 0xA0;

    private static final int SERIALIZED = 8;

    private Aml() {}

    /** What is in a name space that exists already. */
    static byte[] scope(String segment, byte[]... terms) {
        return join(bytes(SCOPE), sized(name(segment), join(terms)));
    }

    static byte[] device(String segment, byte[]... terms) {
        return join(bytes(EXTENDED, DEVICE), sized(name(segment), join(terms)));
    }

    /** Gives a name to a value. */
    static byte[] named(String segment, byte[] value) {
        return join(bytes(NAME), name(segment), value);
    }

    /** A method that takes arguments and that one thread at a time runs. */
    static byte[] method(String segment, int arguments, byte[]... terms) {
        return join(bytes(METHOD), sized(name(segment), bytes(arguments | SERIALIZED), join(terms)));
    }

    /** Runs terms if a method's first argument is a number. */
    static byte[] ifFirstArgumentIs(long value, byte[]... terms) {
        return join(bytes(IF), sized(bytes(EQUAL, ARGUMENT_0), integer(value), join(terms)));
    }

    /** Tells a device's driver of an event. */
    static byte[] notify(String segment, int event) {
        return join(bytes(NOTIFY), name(segment), integer(event));
    }

    /** A number, in the shortest form. */
    static byte[] integer(long value) {
        if (value == 0) {
            return bytes(ZERO);
        } else if (value == 1) {
            return bytes(ONE);
        } else if (value >>> 8 == 0) {
            return join(bytes(BYTE), little(value, 1));
        } else if (value >>> 16 == 0) {
            return join(bytes(WORD), little(value, 2));
        } else if (value >>> 32 == 0) {
            return join(bytes(DWORD), little(value, 4));
        }
        return join(bytes(QWORD), little(value, 8));
    }

    /** A text of ASCII without zeros. */
    static byte[] string(String value) {
        return join(bytes(STRING), value.getBytes(StandardCharsets.US_ASCII), bytes(0));
    }

    /** The compressed form of an EISA identifier such as PNP0501 (section 19.3.4). */
    static byte[] eisaId(String id) {
        int letters = 0;
        for (int i = 0; i < 3; i++) {
            letters = (letters << 5) | (id.charAt(i) - '@');
        }
        int value = (letters << 16) | Integer.parseInt(id, 3, 7, 16);
        return join(bytes(DWORD), little(Integer.toUnsignedLong(Integer.reverseBytes(value)), 4));
    }

    /** A sequence of up to 255 values. */
    static byte[] packageOf(byte[]... elements) {
        return join(bytes(PACKAGE), sized(bytes(elements.length), join(elements)));
    }

    /** Resource descriptors (section 6.4) as a device's {@code _CRS} gives them, with the end tag. */
    static byte[] resources(byte[]... descriptors) {
        // A checksum of zero means that there is none.
        byte[] all = join(join(descriptors), bytes(0x79, 0));
        return join(bytes(BUFFER), sized(integer(all.length), all));
    }

    /** Memory of a fixed 32-bit address, to read and write. */
    static byte[] memory32(long address, long length) {
        return join(bytes(0x86, 9, 0, 1), little(address, 4), little(length, 4));
    }

    /** Ports at a fixed address, all 16 bits of it decoded. */
    static byte[] ports(int address, int length) {
        return join(bytes(0x47, 1), little(address, 2), little(address, 2), bytes(1, length));
    }

    /** An interrupt that the device alone uses: edge-triggered, active high. */
    static byte[] interrupt(int gsi) {
        return join(bytes(0x89, 6, 0, 3, 1), little(gsi, 4));
    }

    static byte[] join(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    private static byte[] name(String segment) {
        if (!segment.matches("[A-Z_][A-Z0-9_]{3}")) {
            throw new IllegalArgumentException("Not a name segment: " + segment);
        }
        return segment.getBytes(StandardCharsets.US_ASCII);
    }

    /** Puts the length before parts, which counts itself (section 20.2.4). */
    private static byte[] sized(byte[]... parts) {
        byte[] content = join(parts);
        int length = content.length + 1;
        if (length < 1 << 6) {
            return join(bytes(length), content);
        }
        int extra = length + 1 < 1 << 12 ? 1 : length + 2 < 1 << 20 ? 2 : 3;
        length += extra;
        return join(bytes((extra << 6) | (length & 0x0F)), little(length >>> 4, extra), content);
    }

    private static byte[] little(long value, int size) {
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) (value >>> (8 * i));
        }
        return bytes;
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }
}
