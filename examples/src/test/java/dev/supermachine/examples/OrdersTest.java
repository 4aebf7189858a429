package dev.supermachine.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Vm;
import dev.supermachine.junit.MicroVm;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** Every method gets a PostgreSQL server of its own: what one writes, the next does not see. */
@MicroVm(image = "localhost:5000/debian-postgres:15", port = 5432, memoryMib = 512)
class OrdersTest {

    @Test
    void startsEmpty(Vm vm) throws SQLException {
        try (Connection connection = connect(vm)) {
            assertThat(tables(connection)).isZero();
        }
    }

    @RepeatedTest(3)
    void createsItsTableAnew(Vm vm) throws SQLException {
        try (Connection connection = connect(vm);
                Statement statement = connection.createStatement()) {
            assertThat(tables(connection)).isZero();
            statement.execute("create table orders (id int primary key, item text not null)");
            statement.execute("insert into orders values (1, 'machine')");
            assertThat(tables(connection)).isOne();
        }
    }

    @Test
    void runsTheServersOwnTools(Vm vm) {
        var result = vm.exec("psql", "-U", "postgres", "-Atc", "select 6 * 7");
        assertThat(result.success()).as("%s", result).isTrue();
        assertThat(result.stdoutText()).isEqualTo("42\n");
    }

    private static Connection connect(Vm vm) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://" + vm.host() + ":" + vm.mappedPort(5432) + "/postgres", "postgres", "");
    }

    private static int tables(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select count(*) from pg_tables where schemaname = 'public'")) {
            rows.next();
            return rows.getInt(1);
        }
    }
}
