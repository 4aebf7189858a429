package dev.supermachine.vmm;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Reads ACPI's machine language by the rules of ACPI 6.5, section 20.2, and writes it as text; of resources it knows the descriptors of section 6.4 we use. */
final class AmlText {

    private final ByteBuffer in;
    private final StringBuilder out = new StringBuilder();

    private AmlText(ByteBuffer in) {
        this.in = in.order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The text of terms up to the buffer's limit. */
    static String of(ByteBuffer terms) {
        AmlText text = new AmlText(terms);
        text.terms(terms.limit());
        return text.out.toString();
    }

    private void terms(int end) {
        while (in.position() < end) {
            term();
        }
        if (in.position() != end) {
            throw new AssertionError("A term reaches over the end of what it is in, at " + in.position());
        }
    }

    private void term() {
        int code = octet();
        switch (code) {
            case 0x00, 0x01 -> out.append(code);
            case 0x0A -> out.append(octet());
            case 0x0B -> out.append("0x").append(Integer.toHexString(Short.toUnsignedInt(in.getShort())));
            case 0x0C -> out.append("0x").append(Integer.toHexString(in.getInt()));
            case 0x0E -> out.append("0x").append(Long.toHexString(in.getLong()));
            case 0x0D -> string();
            case 0x08 -> {
                out.append("Name(").append(name()).append(",");
                term();
                out.append(")\n");
            }
            case 0x10 -> block("Scope", "");
            case 0x14 -> method();
            case 0x11 -> resources();
            case 0x12 -> packageOf();
            case 0x5B -> {
                expect(octet(), 0x82);
                block("Device", "");
            }
            case 0x68 -> out.append("Arg0");
            case 0x86 -> {
                out.append("Notify(").append(name()).append(",");
                term();
                out.append(")\n");
            }
            case 0x93 -> {
                term();
                out.append("==");
                term();
            }
            case 0xA0 -> {
                int end = length();
                out.append("If(");
                term();
                out.append("){\n");
                terms(end);
                out.append("}\n");
            }
            default -> throw new AssertionError("Unknown code " + code + " at " + (in.position() - 1));
        }
    }

    private void block(String kind, String suffix) {
        int end = length();
        out.append(kind).append("(").append(name()).append(suffix).append("){\n");
        terms(end);
        out.append("}\n");
    }

    private void method() {
        int end = length();
        String name = name();
        int flags = octet();
        out.append("Method(").append(name).append(",").append(flags & 7);
        out.append((flags & 8) != 0 ? ",Serialized){\n" : "){\n");
        terms(end);
        out.append("}\n");
    }

    private void packageOf() {
        int end = length();
        int count = octet();
        out.append("Package{");
        for (int i = 0; i < count; i++) {
            out.append(i == 0 ? "" : ",");
            term();
        }
        out.append("}");
        expect(in.position(), end);
    }

    private void resources() {
        int end = length();
        int mark = out.length();
        term();
        int size = Integer.decode(out.substring(mark));
        out.setLength(mark);
        expect(in.position() + size, end);
        out.append("Resources{");
        for (int tag = octet(); tag != 0x79; tag = octet()) {
            switch (tag) {
                case 0x86 -> {
                    expect(in.getShort(), 9);
                    out.append(octet() == 1 ? "Memory(" : "ReadOnlyMemory(");
                    out.append("0x").append(Integer.toHexString(in.getInt()));
                    out.append(",0x").append(Integer.toHexString(in.getInt())).append(")");
                }
                case 0x89 -> {
                    expect(in.getShort(), 6);
                    expect(octet(), 3); // consumer, edge, active high, exclusive
                    expect(octet(), 1);
                    out.append("Edge(").append(in.getInt()).append(")");
                }
                case 0x47 -> {
                    expect(octet(), 1);
                    int least = Short.toUnsignedInt(in.getShort());
                    expect(Short.toUnsignedInt(in.getShort()), least);
                    out.append("Ports(0x").append(Integer.toHexString(least));
                    out.append(",align ")
                            .append(octet())
                            .append(",")
                            .append(octet())
                            .append(")");
                }
                default -> throw new AssertionError("Unknown descriptor " + tag + " at " + (in.position() - 1));
            }
        }
        expect(octet(), 0);
        expect(in.position(), end);
        out.append("}");
    }

    private void string() {
        out.append('"');
        for (int value = octet(); value != 0; value = octet()) {
            out.append((char) value);
        }
        out.append('"');
    }

    /** Where what follows a package length ends. */
    private int length() {
        int begin = in.position();
        int first = octet();
        int more = first >>> 6;
        int length = more == 0 ? first : first & 0x0F;
        if (more > 0) {
            expect(first & 0x30, 0);
        }
        for (int i = 0; i < more; i++) {
            length |= octet() << (4 + 8 * i);
        }
        return begin + length;
    }

    private String name() {
        byte[] name = new byte[4];
        in.get(name);
        return new String(name, StandardCharsets.US_ASCII);
    }

    private int octet() {
        return Byte.toUnsignedInt(in.get());
    }

    private void expect(int found, int expected) {
        if (found != expected) {
            throw new AssertionError("Expected " + expected + " before " + in.position() + ", but found " + found);
        }
    }
}
