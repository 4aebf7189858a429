package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.json.JsonDocument;
import dev.supermachine.json.JsonFormatException;
import java.io.File;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Programs that keep credentials, in the protocol of Docker's: {@code docker-credential-NAME get} reads the registry from its standard input and prints a JSON
 * object with {@code Username} and {@code Secret}. Each program is run once for each registry, and what came of it, good or bad, is remembered: a program may
 * ask the user something, and a pull asks for credentials often. Thread-safe.
 */
final class CredentialHelpers {

    /** Those of this JVM; some ask their user to unlock a key ring, hence the generous time. */
    static final CredentialHelpers OF_THIS_JVM =
            new CredentialHelpers(Optional.ofNullable(System.getenv("PATH")).orElse(""), Duration.ofSeconds(60));

    private static final String PREFIX = "docker-credential-";
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");
    private static final String NOT_FOUND = "credentials not found";

    private final String searchPath;
    private final Duration limit;
    private final Map<Question, Slot> slots = new ConcurrentHashMap<>();

    /**
     * @param searchPath directories with colons between them, as in {@code PATH}
     * @param limit how long a program may take
     */
    CredentialHelpers(String searchPath, Duration limit) {
        this.searchPath = searchPath;
        this.limit = limit;
    }

    /**
     * Asks a program, or remembers what it said.
     *
     * @param name the part of the program's name behind {@code docker-credential-}
     * @param server the registry, as the program knows it
     * @param configured which member of which file names the program, for messages
     * @return empty if the program has nothing for the registry
     * @throws ImageException if the program is missing, fails, hangs, or prints something else; no message shows a secret
     */
    Optional<DockerCredentials> ask(String name, String server, String configured) {
        Slot slot = slots.computeIfAbsent(new Question(name, server), question -> new Slot());
        Outcome outcome = slot.outcome(() -> run(name, server));
        if (outcome.problem() != null) {
            throw new ImageException("The credential helper " + PREFIX + Messages.excerpt(name) + " (" + configured
                    + ") cannot be used for " + server + ": " + outcome.problem());
        }
        return outcome.login()
                .map(login ->
                        new DockerCredentials(login.user(), login.secret(), PREFIX + name + " (" + configured + ")"));
    }

    private Outcome run(String name, String server) {
        if (!NAME.matcher(name).matches()) {
            return Outcome.problem("its name is not one of a program. Correct the file.");
        }
        Optional<Path> program = find(PREFIX + name);
        if (program.isEmpty()) {
            return Outcome.problem(
                    "there is no such program on PATH (" + searchPath
                            + "). Install it, add its directory to PATH, or take it out of the file and run docker login again.");
        }
        HelperProcess.Result result;
        try {
            result = HelperProcess.run(List.of(program.get().toString(), "get"), server, limit);
        } catch (InterruptedIOException e) {
            throw new ImageException("Interrupted while " + program.get() + " was asked for credentials.", e);
        } catch (IOException e) {
            return Outcome.problem(program.get() + " cannot be run: " + Messages.reason(e) + ". Check the program.");
        }
        if (result.timedOut()) {
            return Outcome.problem(program.get() + " had not answered after " + limit.toMillis()
                    + " ms and was ended. Run it by hand to see whether it waits for something: echo " + server + " | "
                    + PREFIX + name + " get");
        }
        String output = new String(result.output(), StandardCharsets.UTF_8).strip();
        if (result.status() != 0) {
            return output.toLowerCase(Locale.ROOT).contains(NOT_FOUND)
                    ? Outcome.NOTHING
                    : Outcome.problem(program.get() + " ended with status " + result.status()
                            + said(output, new String(result.errors(), StandardCharsets.UTF_8).strip())
                            + ". Run it by hand: echo " + server + " | " + PREFIX + name + " get");
        }
        return parse(program.get(), output);
    }

    /** What it printed is shown only as long as it cannot be the answer itself. */
    static String said(String output, String errors) {
        List<String> texts = new ArrayList<>();
        for (String text : List.of(output, errors)) {
            if (!text.isEmpty() && text.indexOf('{') < 0 && !text.contains("Secret")) {
                texts.add(Messages.excerpt(text));
            }
        }
        return texts.isEmpty() ? "" : " (" + String.join("; ", texts) + ")";
    }

    /** The exceptions of the parser quote what they found: they go no further. */
    static Outcome parse(Path program, String output) {
        try {
            JsonDocument json = JsonDocument.parse(output);
            String user = json.optionalString("Username").orElse("");
            String secret = json.optionalString("Secret").orElse("");
            return user.isEmpty() || secret.isEmpty()
                    ? Outcome.NOTHING
                    : new Outcome(Optional.of(new Login(user, secret)), null);
        } catch (JsonFormatException e) {
            return Outcome.problem(program
                    + " did not print what it should: expected a JSON object with the strings Username and Secret, found "
                    + output.length()
                    + " characters that are something else. Check the program.");
        }
    }

    private Optional<Path> find(String program) {
        for (String directory : searchPath.split(File.pathSeparator, -1)) {
            try {
                Path candidate = Path.of(directory).resolve(program);
                if (!directory.isEmpty() && Files.isRegularFile(candidate) && Files.isExecutable(candidate)) {
                    return Optional.of(candidate);
                }
            } catch (InvalidPathException e) {
                // An entry that names no directory holds no program.
            }
        }
        return Optional.empty();
    }

    private record Question(String name, String server) {}

    record Login(String user, String secret) {
        @Override
        public String toString() {
            return user;
        }
    }

    /** A login, or what went wrong, or neither. */
    record Outcome(Optional<Login> login, @Nullable String problem) {

        static final Outcome NOTHING = new Outcome(Optional.empty(), null);

        static Outcome problem(String problem) {
            return new Outcome(Optional.empty(), problem);
        }
    }

    /** Whoever asks first runs the program; others wait for what it says. */
    private static final class Slot {

        private @Nullable Outcome outcome;

        synchronized Outcome outcome(Supplier<Outcome> run) {
            if (outcome == null) {
                outcome = run.get();
            }
            return outcome;
        }
    }
}
