package dev.supermachine.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Vm;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** PostgreSQL in its simple query protocol, version 3.0, without a password. */
final class PostgresService implements Service {

    private static final int PORT = 5432;
    private static final int PROTOCOL = 3 << 16;

    @Override
    public void answer(Vm vm) throws IOException {
        assertThat(query(vm, "select 6 * 7")).containsExactly("42");
    }

    @Override
    public void write(Vm vm) throws IOException {
        query(vm, "create table mark as select '" + MARK + "'::text as words");
    }

    @Override
    public boolean holds(Vm vm) throws IOException {
        return !query(vm, "select tablename from pg_tables where tablename = 'mark'")
                .isEmpty();
    }

    /** The first column of all rows, as text. */
    static List<String> query(Vm vm, String sql) throws IOException {
        try (Wire wire = new Wire(vm, PORT)) {
            wire.send(message(out -> {
                out.writeInt(PROTOCOL);
                out.writeBytes("user\0postgres\0database\0postgres\0\0");
            }));
            rows(wire);
            wire.send(new byte[] {'Q'});
            wire.send(message(out -> out.write((sql + "\0").getBytes(StandardCharsets.UTF_8))));
            return rows(wire);
        }
    }

    /** Reads up to ReadyForQuery. */
    private static List<String> rows(Wire wire) throws IOException {
        List<String> rows = new ArrayList<>();
        while (true) {
            char type = (char) wire.in().readUnsignedByte();
            byte[] body = wire.in().readNBytes(wire.in().readInt() - Integer.BYTES);
            switch (type) {
                case 'Z' -> {
                    return rows;
                }
                case 'E' -> throw new AssertionError(new String(body, StandardCharsets.UTF_8));
                // the number of columns in 2 bytes, the length of the first in 4
                case 'D' -> rows.add(new String(body, 6, body.length - 6, StandardCharsets.UTF_8));
                default -> {
                    // status of the session, descriptions of columns
                }
            }
        }
    }

    private static byte[] message(Body body) throws IOException {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        body.write(new DataOutputStream(content));
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(message);
        out.writeInt(content.size() + Integer.BYTES);
        content.writeTo(out);
        return message.toByteArray();
    }

    private interface Body {
        void write(DataOutputStream out) throws IOException;
    }
}
