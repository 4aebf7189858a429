package dev.supermachine.oci;

import dev.supermachine.fuzz.Oracle;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * Any text as the headers of a registry: challenges are found or left out and read the same when they are written again, a Content-Type has a type, and an
 * address that is safe to follow has a host and stays itself without its query.
 */
public final class ChallengeFuzz {

    private static final URI START = URI.create("https://registry.example/v2/");
    private static final URI LOCAL = URI.create("http://localhost:5000/v2/");

    private ChallengeFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        List<String> headers =
                new String(input, StandardCharsets.ISO_8859_1).lines().toList();
        challenges(headers);
        for (String header : headers) {
            String type = MediaTypes.ofHeader(header);
            Oracle.requireEqual(type, MediaTypes.ofHeader(type), "the type of a type");
            address(START, header);
            address(LOCAL, header);
        }
    }

    private static void challenges(List<String> headers) {
        List<AuthChallenge> challenges = AuthChallenge.parse(headers);
        for (AuthChallenge challenge : challenges) {
            Oracle.require(!challenge.scheme().isEmpty(), "a challenge without a scheme");
            Oracle.requireEqual(List.of(challenge), AuthChallenge.parse(List.of(write(challenge))), "written and read");
        }
    }

    private static String write(AuthChallenge challenge) {
        StringBuilder header = new StringBuilder(challenge.scheme());
        String separator = " ";
        for (Map.Entry<String, String> parameter : challenge.parameters().entrySet()) {
            String quoted = parameter.getValue().replace("\\", "\\\\").replace("\"", "\\\"");
            header.append(separator)
                    .append(parameter.getKey())
                    .append("=\"")
                    .append(quoted)
                    .append('"');
            separator = ", ";
        }
        return header.toString();
    }

    private static void address(URI from, String location) {
        URI target;
        try {
            target = from.resolve(new URI(location));
        } catch (URISyntaxException e) {
            return;
        }
        if (RegistryHttp.isSafe(from, target)) {
            Oracle.require(target.getHost() != null && !target.getHost().isEmpty(), "no host in " + target);
            Oracle.require(target.getPort() <= 65_535, "no port: " + target);
            boolean plain = "http".equalsIgnoreCase(target.getScheme());
            Oracle.require(!plain || RegistryHttp.isLoopback(target.getHost()), "plain http to " + target);
            Oracle.require(!plain || from.equals(LOCAL), "from https to plain http");
            URI shown = RegistryHttp.withoutQuery(target);
            Oracle.require(shown.toString().indexOf('?') < 0, "a query in " + shown);
            Oracle.require(RegistryHttp.sameOrigin(target, shown), "another origin without the query: " + shown);
            Oracle.require(
                    !RegistryHttp.sameOrigin(from, target) || from.getHost().equalsIgnoreCase(target.getHost()),
                    "one origin with two hosts");
        }
    }
}
