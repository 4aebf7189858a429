package dev.supermachine.oci;

import dev.supermachine.ImageException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The grammar of image references, written out by hand so that each error can name the part that is wrong. */
final class ReferenceParser {

    private static final int MAX_NAME = 255;
    private static final int MAX_TAG = 128;
    private static final Pattern HOST_LABEL = Pattern.compile("[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?");
    private static final Pattern IPV6 = Pattern.compile("\\[[a-fA-F0-9:]+]");
    private static final Pattern COMPONENT = Pattern.compile("[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*+");
    private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]*");
    private static final Pattern IDENTIFIER = Pattern.compile("[0-9a-f]{64}");

    private final String text;

    ReferenceParser(String text) {
        this.text = text;
    }

    /** Whether a text can be a tag. */
    static boolean isTag(String text) {
        return text.length() <= MAX_TAG && TAG.matcher(text).matches();
    }

    ImageReference parse() {
        if (text.isEmpty()) {
            throw wrong("it is empty");
        }
        if (text.contains("://")) {
            throw wrong("it has a scheme; leave out everything up to '://'");
        }
        if (IDENTIFIER.matcher(text).matches()) {
            throw wrong("64 hexadecimal digits are an image id, not a name; write NAME@sha256:" + text);
        }
        String rest = text;
        Digest digest = null;
        int at = rest.indexOf('@');
        if (at >= 0) {
            digest = digest(rest.substring(at + 1));
            rest = rest.substring(0, at);
        }
        String tag = null;
        int colon = rest.lastIndexOf(':');
        if (colon > rest.lastIndexOf('/')) {
            tag = tag(rest.substring(colon + 1));
            rest = rest.substring(0, colon);
        }
        if (rest.isEmpty()) {
            throw wrong("the name in front of the tag or digest is missing");
        }
        return named(rest, tag == null && digest == null ? "latest" : tag, digest);
    }

    private ImageReference named(String name, @Nullable String tag, @Nullable Digest digest) {
        String registry = ImageReference.DOCKER_HUB;
        String path = name;
        int slash = name.indexOf('/');
        if (slash >= 0 && isHost(name.substring(0, slash))) {
            registry = host(name.substring(0, slash));
            path = name.substring(slash + 1);
        }
        if (registry.equals("index.docker.io")) {
            registry = ImageReference.DOCKER_HUB;
        }
        for (String component : path.split("/", -1)) {
            component(component);
        }
        if (registry.equals(ImageReference.DOCKER_HUB) && path.indexOf('/') < 0) {
            path = "library/" + path;
        }
        if (registry.length() + 1 + path.length() > MAX_NAME) {
            throw wrong("the name is longer than " + MAX_NAME + " characters");
        }
        return new ImageReference(registry, path, tag, digest);
    }

    /** Docker's rule for telling a registry from the first part of a path. */
    static boolean isHost(String first) {
        return first.indexOf('.') >= 0
                || first.indexOf(':') >= 0
                || first.equals("localhost")
                || !first.toLowerCase(Locale.ROOT).equals(first);
    }

    private String host(String hostAndPort) {
        int colon = hostAndPort.lastIndexOf(':');
        String host = hostAndPort;
        if (colon > hostAndPort.lastIndexOf(']')) {
            host = hostAndPort.substring(0, colon);
            port(hostAndPort.substring(colon + 1));
        }
        if (host.startsWith("[")) {
            if (!IPV6.matcher(host).matches() || !isUrlHost(host)) {
                throw wrong("'" + Messages.excerpt(host) + "' is not an IPv6 address in brackets");
            }
            return hostAndPort;
        }
        for (String label : host.split("\\.", -1)) {
            if (!HOST_LABEL.matcher(label).matches()) {
                throw wrong(
                        "'" + Messages.excerpt(host)
                                + "' is not a host name: its parts are letters, digits and inner hyphens, joined by single dots");
            }
        }
        if (!isUrlHost(host)) {
            throw wrong(
                    "'" + Messages.excerpt(host)
                            + "' is not a host name: the last part of one begins with a letter, and an IPv4 address has four numbers");
        }
        return hostAndPort;
    }

    /** Whether a URL can have it as its host; more texts look like addresses than are. */
    private static boolean isUrlHost(String host) {
        try {
            return new URI("https://" + host).getHost() != null;
        } catch (URISyntaxException e) {
            return false;
        }
    }

    private void port(String port) {
        boolean digits = !port.isEmpty() && port.length() <= 5 && port.chars().allMatch(c -> c >= '0' && c <= '9');
        if (!digits || Integer.parseInt(port) < 1 || Integer.parseInt(port) > 65535) {
            throw wrong("the port '" + Messages.excerpt(port) + "' is not a number from 1 to 65535");
        }
    }

    private void component(String component) {
        if (component.isEmpty()) {
            throw wrong("a part of the path is empty; there is a '/' too many");
        }
        if (!component.toLowerCase(Locale.ROOT).equals(component)) {
            throw wrong("'" + Messages.excerpt(component)
                    + "' has upper-case letters; a repository's name is in lower case");
        }
        if (!COMPONENT.matcher(component).matches()) {
            throw wrong(
                    "'" + Messages.excerpt(component)
                            + "' is not a part of a path: it is made of a-z and 0-9, with '.', '_', '__' or hyphens between them");
        }
    }

    private String tag(String tag) {
        if (tag.isEmpty()) {
            throw wrong("the tag after ':' is empty");
        }
        if (tag.length() > MAX_TAG) {
            throw wrong("the tag is longer than " + MAX_TAG + " characters");
        }
        if (!TAG.matcher(tag).matches()) {
            throw wrong(
                    "'" + Messages.excerpt(tag)
                            + "' is not a tag: it is made of letters, digits, '_', '.' and '-', and begins with none of the last two");
        }
        return tag;
    }

    private Digest digest(String digest) {
        return Digest.tryParse(digest)
                .orElseThrow(() -> wrong("the digest '" + Messages.excerpt(digest)
                        + "' is not sha256: and 64 lower-case hexadecimal digits"));
    }

    private ImageException wrong(String reason) {
        return new ImageException(
                "Not an image reference: '" + Messages.excerpt(text) + "': " + reason
                        + ". Expected [host[:port]/]path[:tag][@sha256:digest], such as postgres:16 or localhost:5000/team/app:1.");
    }
}
