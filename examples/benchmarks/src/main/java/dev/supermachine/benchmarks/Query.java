package dev.supermachine.benchmarks;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** A first question to a PostgreSQL server. */
final class Query {

    private Query() {}

    /** Connects, asks, and checks the answer. */
    static void ask(String host, int port) throws SQLException {
        try (Connection connection = DriverManager.getConnection(
                        "jdbc:postgresql://" + host + ":" + port + "/postgres", "postgres", "");
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select 6 * 7")) {
            if (!rows.next() || rows.getInt(1) != 42) {
                throw new IllegalStateException("The server on port " + port + " answers wrongly");
            }
        }
    }
}
