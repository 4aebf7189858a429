package dev.supermachine.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.ExecResult;
import dev.supermachine.Vm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** MariaDB: its greeting is read from the port, all else is said by its own client in the machine. */
final class MariadbService implements Service {

    private static final int PORT = 3306;

    @Override
    public void answer(Vm vm) throws IOException {
        try (Wire wire = new Wire(vm, PORT)) {
            // 3 bytes of length, a number, the protocol's version
            byte[] head = wire.in().readNBytes(5);
            assertThat(head[4]).isEqualTo((byte) 10);
            assertThat(wire.until('\0')).contains("MariaDB");
        }
    }

    @Override
    public void write(Vm vm) {
        query(
                vm,
                "create database mark; create table mark.mark (words text); insert into mark.mark values ('" + MARK
                        + "')");
    }

    @Override
    public boolean holds(Vm vm) {
        return query(vm, "show databases").lines().anyMatch("mark"::equals);
    }

    private static String query(Vm vm, String sql) {
        ExecResult result = vm.command("mariadb", "-u", "root", "-h", "127.0.0.1", "-N", "-B")
                .stdin(sql.getBytes(StandardCharsets.UTF_8))
                .output();
        assertThat(result.success()).as("%s: %s", sql, result).isTrue();
        return result.stdoutText();
    }
}
