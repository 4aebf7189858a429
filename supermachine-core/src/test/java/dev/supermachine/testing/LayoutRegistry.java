package dev.supermachine.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A registry on a loopback port that serves the image of an OCI layout as {@code app:1}, and ends for good once it has sent so many bytes of its blobs. */
public final class LayoutRegistry implements AutoCloseable {

    private static final Pattern DIGEST = Pattern.compile("sha256:([0-9a-f]{64})");
    private static final int CHUNK = 16 * 1024;

    private final Path blobs;
    private final String manifest;
    private final long end;
    private final AtomicLong sent = new AtomicLong();
    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final HttpServer server;

    private LayoutRegistry(Path layout, long end) throws IOException {
        this.blobs = layout.resolve("blobs/sha256");
        this.manifest = hash(Files.readString(layout.resolve("index.json")));
        this.end = end;
        this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(executor);
        server.createContext("/v2/app/manifests/", this::sendManifest);
        server.createContext("/v2/app/blobs/", this::sendBlob);
        server.start();
    }

    /** Starts one. */
    public static LayoutRegistry serve(Path layout, long bytesUntilTheEnd) throws IOException {
        return new LayoutRegistry(layout, bytesUntilTheEnd);
    }

    /** How many bytes all blobs of a layout have. */
    public static long blobBytes(Path layout) throws IOException {
        try (Stream<Path> files = Files.list(layout.resolve("blobs/sha256"))) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        }
    }

    public String address() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    /** How many bytes of blobs it has sent. */
    public long sentBytes() {
        return sent.get();
    }

    private void sendManifest(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] bytes = Files.readAllBytes(blobs.resolve(manifest));
            exchange.getResponseHeaders().set("Content-Type", "application/vnd.oci.image.manifest.v1+json");
            exchange.sendResponseHeaders(200, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    private void sendBlob(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] whole = Files.readAllBytes(
                    blobs.resolve(hash(exchange.getRequestURI().getPath())));
            String range = exchange.getRequestHeaders().getFirst("Range");
            int from = range == null ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
            if (from > 0) {
                exchange.getResponseHeaders()
                        .set("Content-Range", "bytes " + from + "-" + (whole.length - 1) + "/" + whole.length);
            }
            exchange.sendResponseHeaders(from > 0 ? 206 : 200, whole.length - from);
            OutputStream body = exchange.getResponseBody();
            for (int at = from; at < whole.length; at += CHUNK) {
                byte[] chunk = Arrays.copyOfRange(whole, at, Math.min(whole.length, at + CHUNK));
                if (sent.addAndGet(chunk.length) > end) {
                    server.stop(0);
                    return;
                }
                body.write(chunk);
                body.flush();
            }
        }
    }

    private static String hash(String text) {
        Matcher matcher = DIGEST.matcher(text);
        if (!matcher.find()) {
            throw new AssertionError("There is no digest in " + text);
        }
        return matcher.group(1);
    }

    @Override
    public void close() {
        server.stop(0);
        executor.shutdownNow();
    }
}
