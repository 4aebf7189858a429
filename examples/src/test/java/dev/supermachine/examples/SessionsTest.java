package dev.supermachine.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Vm;
import dev.supermachine.junit.MicroVm;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** Every method gets a Redis server of its own. */
@MicroVm(image = "localhost:5000/debian-redis:7", port = 6379, memoryMib = 256)
class SessionsTest {

    @RepeatedTest(3)
    void storesASession(Vm vm) throws IOException {
        assertThat(redis(vm, "DBSIZE")).isEqualTo(":0");
        assertThat(redis(vm, "SET session:1 alice")).isEqualTo("+OK");
        assertThat(redis(vm, "DBSIZE")).isEqualTo(":1");
    }

    @Test
    void knowsNothingOfOtherTests(Vm vm) throws IOException {
        assertThat(redis(vm, "EXISTS session:1")).isEqualTo(":0");
    }

    /** Sends one command in Redis' inline form and returns the first line of the answer. */
    private static String redis(Vm vm, String command) throws IOException {
        try (Socket socket = new Socket(vm.host(), vm.mappedPort(6379));
                BufferedReader answers =
                        new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
            socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.UTF_8));
            return answers.readLine();
        }
    }
}
