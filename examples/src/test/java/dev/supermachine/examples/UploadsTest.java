package dev.supermachine.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Vm;
import dev.supermachine.junit.MicroVm;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** Every method gets an nginx of its own, into which files can be put. */
@MicroVm(image = "localhost:5000/debian-nginx:1.22", port = 80, memoryMib = 256)
class UploadsTest {

    private final HttpClient client = HttpClient.newHttpClient();

    @RepeatedTest(3)
    void storesAnUpload(Vm vm) throws IOException, InterruptedException {
        assertThat(get(vm, "/upload.txt").statusCode()).isEqualTo(404);
        HttpRequest put = HttpRequest.newBuilder(uri(vm, "/upload.txt"))
                .PUT(HttpRequest.BodyPublishers.ofString("content"))
                .build();
        assertThat(client.send(put, HttpResponse.BodyHandlers.ofString()).statusCode())
                .isEqualTo(201);
        assertThat(get(vm, "/upload.txt").body()).isEqualTo("content");
    }

    @Test
    void knowsNothingOfOtherTests(Vm vm) throws IOException, InterruptedException {
        assertThat(get(vm, "/upload.txt").statusCode()).isEqualTo(404);
    }

    private HttpResponse<String> get(Vm vm, String path) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(uri(vm, path)).build(), HttpResponse.BodyHandlers.ofString());
    }

    private static URI uri(Vm vm, String path) {
        return URI.create("http://" + vm.host() + ":" + vm.mappedPort(80) + path);
    }
}
