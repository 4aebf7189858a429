package dev.supermachine.oci;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;

/**
 * GET with redirects followed by hand, and POST without any, because the JDK's client hands {@code Authorization} on to whatever host it is sent to (17 does,
 * 25 does not): here the header goes to the origin (scheme, host, port) it was made for and to no other. Plain http is spoken with this machine only. A server
 * that is busy or in trouble, and a connection that breaks before the answer begins, are tried again.
 */
final class RegistryHttp {

    private static final int MAX_PORT = 65_535;
    private static final int MAX_REDIRECTS = 8;
    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
    private static final Pattern LOOPBACK = Pattern.compile("localhost|127(\\.[0-9]{1,3}){3}|\\[::1]|::1");

    private final HttpClient client;
    private final PullSettings settings;
    private final RegistryFailures failures;

    RegistryHttp(PullSettings settings, RegistryFailures failures) {
        this.settings = settings;
        this.failures = failures;
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(settings.connectTimeout());
        settings.caFile().map(RegistryTrust::with).ifPresent(builder::sslContext);
        this.client = builder.build();
    }

    /** Whether a host, without port, is this machine by its name; nothing is looked up, so that a name server cannot make it so. */
    static boolean isLoopback(String host) {
        return LOOPBACK.matcher(host.toLowerCase(Locale.ROOT)).matches();
    }

    static URI base(String hostAndPort) {
        int colon = hostAndPort.lastIndexOf(':');
        String host = colon > hostAndPort.lastIndexOf(']') ? hostAndPort.substring(0, colon) : hostAndPort;
        return URI.create((isLoopback(host) ? "http://" : "https://") + hostAndPort);
    }

    /** The answer's status and headers, whatever they are. */
    RegistryAnswer get(URI start, Map<String, String> headers, Optional<String> authorization)
            throws IOException, NotServed {
        return retried(() -> follow(start, headers, authorization));
    }

    /** The answer to a form, whatever it is: what the form says is for this address and is sent to no other. */
    RegistryAnswer post(URI target, String form) throws IOException, NotServed {
        return retried(() -> send(request(target)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(form))
                .build()));
    }

    @FunctionalInterface
    private interface Exchange {
        HttpResponse<InputStream> run() throws IOException, NotServed;
    }

    private RegistryAnswer retried(Exchange exchange) throws IOException, NotServed {
        Retry retry = new Retry(settings.retries());
        while (true) {
            Optional<Duration> wait;
            try {
                HttpResponse<InputStream> response = exchange.run();
                if (response.statusCode() != 429 && response.statusCode() < 500) {
                    return new RegistryAnswer(response, "");
                }
                Optional<Duration> wanted = RetryAfter.of(response.headers(), Instant.now());
                wait = retry.next(wanted);
                if (wait.isEmpty()) {
                    return new RegistryAnswer(response, retry.summary(wanted));
                }
                response.body().close();
            } catch (BrokenConnection e) {
                wait = retry.next(Optional.empty());
                if (wait.isEmpty()) {
                    throw failures.unreachable(e.request, e.failure, settings, retry.summary());
                }
            }
            Retry.pause(wait.get());
        }
    }

    private HttpResponse<InputStream> follow(URI start, Map<String, String> headers, Optional<String> authorization)
            throws IOException, NotServed {
        URI target = start;
        boolean atHome =
                true; // for good: whoever a redirect led to does not choose what else is asked with the credentials
        for (int hops = 0; hops <= MAX_REDIRECTS; hops++) {
            HttpRequest.Builder request = request(target);
            headers.forEach(request::header);
            atHome &= sameOrigin(start, target);
            if (authorization.isPresent() && atHome) {
                request.header("Authorization", authorization.get());
            }
            HttpResponse<InputStream> response = send(request.build());
            if (!REDIRECTS.contains(response.statusCode())) {
                return response;
            }
            response.body().close();
            target = redirect(start, target, response);
        }
        throw failures.redirect(start, "it was redirected more than " + MAX_REDIRECTS + " times");
    }

    private HttpRequest.Builder request(URI target) {
        return HttpRequest.newBuilder(target)
                .timeout(settings.headerTimeout())
                .header("User-Agent", "supermachine/0.1");
    }

    private HttpResponse<InputStream> send(HttpRequest request) throws IOException, NotServed {
        try {
            return client.send(request, info -> new TimedBody(settings.idleTimeout()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        } catch (IOException e) {
            if (mayPass(e)) {
                throw new BrokenConnection(request, e);
            }
            throw failures.unreachable(request, e, settings, "");
        }
    }

    /** A connection that was made and then lost; whoever does not answer at all, or not securely, will not do so in a moment either. */
    private static boolean mayPass(IOException failure) {
        return !RegistryFailures.has(failure, UnresolvedAddressException.class)
                && !RegistryFailures.has(failure, UnknownHostException.class)
                && !RegistryFailures.has(failure, ConnectException.class)
                && !RegistryFailures.has(failure, HttpTimeoutException.class)
                && !RegistryFailures.has(failure, SSLException.class);
    }

    private static final class BrokenConnection extends IOException {

        private static final long serialVersionUID = 1L;

        private final transient HttpRequest request;
        private final IOException failure;

        BrokenConnection(HttpRequest request, IOException failure) {
            super(failure);
            this.request = request;
            this.failure = failure;
        }
    }

    private URI redirect(URI start, URI from, HttpResponse<?> response) {
        String location = response.headers().firstValue("Location").orElse("");
        URI target;
        try {
            target = from.resolve(new URI(location));
        } catch (URISyntaxException e) {
            throw failures.redirect(
                    start, "it was redirected to '" + Messages.excerpt(location) + "', which is not a URL");
        }
        if (location.isEmpty() || target.getHost() == null) {
            throw failures.redirect(start, "it was redirected without saying where to");
        }
        if (target.getPort() > MAX_PORT) {
            throw failures.redirect(start, "it was redirected to the port " + target.getPort() + ", which cannot be");
        }
        if (!isSafe(start, target)) {
            throw failures.redirect(
                    start,
                    "it was redirected to "
                            + Messages.excerpt(withoutQuery(target).toString())
                            + ", but only https is followed, and plain http from this machine to itself");
        }
        return target;
    }

    /** https anywhere; http only where both ends are this machine. */
    static boolean isSafe(URI start, URI target) {
        if (target.getPort() > MAX_PORT) {
            return false; // a URL may say so, but the client fails with it
        }
        if ("https".equalsIgnoreCase(target.getScheme())) {
            return target.getHost() != null;
        }
        return "http".equalsIgnoreCase(target.getScheme())
                && target.getHost() != null
                && isLoopback(target.getHost())
                && isLoopback(start.getHost());
    }

    static boolean sameOrigin(URI one, URI other) {
        return one.getScheme().equalsIgnoreCase(other.getScheme())
                && one.getHost().equalsIgnoreCase(other.getHost())
                && port(one) == port(other);
    }

    private static int port(URI uri) {
        return uri.getPort() >= 0 ? uri.getPort() : "https".equalsIgnoreCase(uri.getScheme()) ? 443 : 80;
    }

    /** A URL for messages: the query of a redirect to a storage service is a credential. */
    static URI withoutQuery(URI uri) {
        String text = uri.toString();
        int question = text.indexOf('?');
        return question < 0 ? uri : URI.create(text.substring(0, question));
    }
}
