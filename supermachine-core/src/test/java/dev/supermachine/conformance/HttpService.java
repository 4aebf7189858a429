package dev.supermachine.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Vm;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/**
 * One that keeps what is PUT to it.
 *
 * @param port where it answers
 * @param page what is always there
 */
record HttpService(int port, String page) implements Service {

    private static final String PATH = "/mark.txt";
    private static final int PATIENCE_MILLIS = 120_000;

    @Override
    public void answer(Vm vm) throws IOException {
        assertThat(get(vm, port, page)).isNotEmpty();
    }

    @Override
    public void write(Vm vm) throws IOException {
        HttpURLConnection request = open(vm, port, PATH);
        request.setRequestMethod("PUT");
        request.setDoOutput(true);
        request.getOutputStream().write(MARK.getBytes(StandardCharsets.UTF_8));
        assertThat(request.getResponseCode()).isBetween(200, 299);
    }

    @Override
    public boolean holds(Vm vm) throws IOException {
        HttpURLConnection request = open(vm, port, PATH);
        if (request.getResponseCode() == HttpURLConnection.HTTP_NOT_FOUND) {
            return false;
        }
        assertThat(body(request)).isEqualTo(MARK);
        return true;
    }

    /** The body of the answer, which must be 200. */
    static String get(Vm vm, int port, String path) throws IOException {
        HttpURLConnection request = open(vm, port, path);
        assertThat(request.getResponseCode()).as("%s", path).isEqualTo(HttpURLConnection.HTTP_OK);
        return body(request);
    }

    private static String body(HttpURLConnection request) throws IOException {
        return new String(request.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private static HttpURLConnection open(Vm vm, int port, String path) throws IOException {
        URI uri = URI.create("http://" + vm.host() + ":" + vm.mappedPort(port) + path);
        HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
        connection.setConnectTimeout(PATIENCE_MILLIS);
        connection.setReadTimeout(PATIENCE_MILLIS);
        connection.setRequestProperty("Connection", "close");
        return connection;
    }
}
