package dev.supermachine.oci;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What a server asks for in {@code WWW-Authenticate} (RFC 9110, section 11.6.1; distribution specification, "Token Authentication").
 *
 * @param scheme in lower case
 * @param parameters names in lower case
 */
record AuthChallenge(String scheme, Map<String, String> parameters) {

    Optional<String> parameter(String name) {
        return Optional.ofNullable(parameters.get(name)).filter(value -> !value.isEmpty());
    }

    /** All challenges of all headers, in order. What cannot be understood is left out: the server sends it to any client, ours or not. */
    static List<AuthChallenge> parse(List<String> headers) {
        List<AuthChallenge> result = new ArrayList<>();
        for (String header : headers) {
            new Scanner(header).scan(result);
        }
        return result;
    }

    private static final class Scanner {

        private final String text;
        private int position;

        Scanner(String text) {
            this.text = text;
        }

        void scan(List<AuthChallenge> result) {
            Map<String, String> parameters = new LinkedHashMap<>();
            while (position < text.length()) {
                skip(" \t,");
                String name = token();
                if (name.isEmpty()) {
                    position++; // neither a name nor a separator
                    continue;
                }
                skip(" \t");
                if (position < text.length() && text.charAt(position) == '=') {
                    position++;
                    skip(" \t");
                    parameters.putIfAbsent(name.toLowerCase(Locale.ROOT), value());
                } else {
                    parameters = new LinkedHashMap<>();
                    result.add(new AuthChallenge(name.toLowerCase(Locale.ROOT), parameters));
                }
            }
        }

        private void skip(String characters) {
            while (position < text.length() && characters.indexOf(text.charAt(position)) >= 0) {
                position++;
            }
        }

        private String token() {
            int start = position;
            while (position < text.length() && " \t,=\"".indexOf(text.charAt(position)) < 0) {
                position++;
            }
            return text.substring(start, position);
        }

        private String value() {
            if (position >= text.length() || text.charAt(position) != '"') {
                return token();
            }
            StringBuilder value = new StringBuilder();
            for (position++; position < text.length() && text.charAt(position) != '"'; position++) {
                if (text.charAt(position) == '\\' && position + 1 < text.length()) {
                    position++;
                }
                value.append(text.charAt(position));
            }
            position++;
            return value.toString();
        }
    }
}
