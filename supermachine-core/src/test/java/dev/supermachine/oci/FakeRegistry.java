package dev.supermachine.oci;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

/** A registry on a loopback port that answers as told, right or wrong, and remembers what it was asked. */
final class FakeRegistry implements AutoCloseable {

    /** Answers one request; closing the exchange is not its business. */
    @FunctionalInterface
    interface Answer {
        void send(HttpExchange exchange) throws IOException;
    }

    /** What a client asked. */
    record Request(String method, String path, String query, List<String> authorization, String range, String body) {}

    private final HttpServer server;
    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final Map<String, Answer> answers = new ConcurrentHashMap<>();
    private final List<Request> requests = new CopyOnWriteArrayList<>();
    private volatile UnaryOperator<Answer> gate = answer -> answer;

    FakeRegistry() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(executor);
        server.createContext("/", this::handle);
        server.start();
    }

    String address() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    String url(String path) {
        return "http://" + address() + path;
    }

    List<Request> requests() {
        return requests;
    }

    FakeRegistry on(String path, Answer answer) {
        answers.put(path, answer);
        return this;
    }

    /** Puts something in front of every answer below {@code /v2/}. */
    void guard(UnaryOperator<Answer> newGate) {
        gate = newGate;
    }

    /** Serves an image as {@code app:1}. */
    FakeRegistry serve(TestImage image) {
        return serve(image, "app");
    }

    /** Serves an image with the tag {@code 1}. */
    FakeRegistry serve(TestImage image, String repository) {
        byte[] manifest = image.manifest();
        on("/v2/" + repository + "/manifests/1", ok(MediaTypes.OCI_MANIFEST, manifest));
        on("/v2/" + repository + "/manifests/" + Digest.of(manifest), ok(MediaTypes.OCI_MANIFEST, manifest));
        image.blobs.forEach(
                (digest, bytes) -> on("/v2/" + repository + "/blobs/" + digest, ok("application/octet-stream", bytes)));
        return this;
    }

    FakeRegistry manifest(byte[] manifest, String type) {
        return on("/v2/app/manifests/" + Digest.of(manifest), ok(type, manifest));
    }

    FakeRegistry blobs(TestImage image) {
        image.blobs.forEach((digest, bytes) -> on(blob(digest), ok("application/octet-stream", bytes)));
        return this;
    }

    static String blob(Digest digest) {
        return "/v2/app/blobs/" + digest;
    }

    ImageSource source() {
        return ImageSource.of(address() + "/app:1");
    }

    static Answer ok(String type, byte[] body) {
        return status(200, Map.of("Content-Type", type), body);
    }

    static Answer status(int status, Map<String, String> headers, byte[] body) {
        return exchange -> {
            headers.forEach(exchange.getResponseHeaders()::set);
            exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
            if (body.length > 0) {
                exchange.getResponseBody().write(body);
            }
        };
    }

    /** Serves ranges too, but closes the connection after a number of bytes; the header promises them all. */
    static Answer ranged(byte[] whole, int bytesUntilBreak) {
        return exchange -> {
            String range = exchange.getRequestHeaders().getFirst("Range");
            int from = range == null ? 0 : Integer.parseInt(range.replaceAll("bytes=([0-9]+)-", "$1"));
            if (from >= whole.length) {
                exchange.sendResponseHeaders(416, -1);
                return;
            }
            if (range != null) {
                exchange.getResponseHeaders()
                        .set("Content-Range", "bytes " + from + "-" + (whole.length - 1) + "/" + whole.length);
            }
            begin(exchange, range == null ? 200 : 206, whole, from, bytesUntilBreak);
        };
    }

    /** Closes the connection after a number of bytes and knows nothing of ranges. */
    static Answer broken(byte[] whole, int bytesUntilBreak) {
        return exchange -> begin(exchange, 200, whole, 0, bytesUntilBreak);
    }

    private static void begin(HttpExchange exchange, int status, byte[] whole, int from, int most) throws IOException {
        exchange.sendResponseHeaders(status, whole.length - from);
        exchange.getResponseBody().write(whole, from, Math.min(most, whole.length - from));
        exchange.getResponseBody().flush();
    }

    /** The first answer to the first request, and so on; the last for good. */
    static Answer inTurn(Answer... answers) {
        AtomicInteger next = new AtomicInteger();
        return exchange -> answers[Math.min(next.getAndIncrement(), answers.length - 1)].send(exchange);
    }

    static Answer error(int status, Map<String, String> headers, String code, String message) {
        return status(
                status, headers, TestImage.json(Map.of("errors", List.of(Map.of("code", code, "message", message)))));
    }

    static Answer redirect(String location) {
        return status(307, Map.of("Location", location), new byte[0]);
    }

    private void handle(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String query = exchange.getRequestURI().getRawQuery();
        List<String> authorization = exchange.getRequestHeaders().getOrDefault("Authorization", List.of());
        String range = exchange.getRequestHeaders().getFirst("Range");
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        requests.add(new Request(
                exchange.getRequestMethod(),
                path,
                query == null ? "" : query,
                List.copyOf(authorization),
                range == null ? "" : range,
                body));
        Answer answer = answers.getOrDefault(path, error(404, Map.of(), "MANIFEST_UNKNOWN", "manifest unknown"));
        try (exchange) {
            (path.startsWith("/v2/") ? gate.apply(answer) : answer).send(exchange);
        }
    }

    @Override
    public void close() {
        server.stop(0);
        executor.shutdownNow();
    }
}
