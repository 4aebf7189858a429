package dev.supermachine.oci;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;

/**
 * What a server answered in the end.
 *
 * @param response the answer; its body is to be closed
 * @param tries how often it was asked, as a sentence with a blank in front, and why no longer; empty if it was asked once
 */
record RegistryAnswer(HttpResponse<InputStream> response, String tries) implements AutoCloseable {

    int status() {
        return response.statusCode();
    }

    HttpHeaders headers() {
        return response.headers();
    }

    URI uri() {
        return response.uri();
    }

    InputStream body() {
        return response.body();
    }

    /** What was asked, for messages. */
    String request() {
        return response.request().method() + " " + RegistryHttp.withoutQuery(response.uri());
    }

    @Override
    public void close() throws IOException {
        response.body().close();
    }
}
