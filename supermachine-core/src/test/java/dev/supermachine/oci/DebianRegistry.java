package dev.supermachine.oci;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Debian's docker-registry on a loopback port that the kernel chooses, with storage of its own. Closing ends it. */
public final class DebianRegistry implements AutoCloseable {

    private static final Pattern LISTENING = Pattern.compile("listening on 127\\.0\\.0\\.1:([0-9]+)");
    private static final Pattern PASSWORD = Pattern.compile("password=\"?([A-Za-z0-9_+/=-]+)\"?");
    private static final String USER = "docker";

    private final Process process;
    private final Path log;
    private final int port;

    private DebianRegistry(Process process, Path log, int port) {
        this.process = process;
        this.log = log;
        this.port = port;
    }

    /**
     * Starts one that speaks plain http.
     *
     * @param login whether it asks for a user and a password, which it then makes up
     */
    public static DebianRegistry start(Path directory, boolean login) throws IOException {
        return start(directory, login, "");
    }

    /** One that speaks https, with a login. */
    static DebianRegistry startSecure(Path directory, TestAuthority authority) throws IOException {
        return start(
                directory,
                true,
                "  tls:\n    certificate: " + authority.serverCertificate() + "\n    key: " + authority.serverKey()
                        + "\n");
    }

    private static DebianRegistry start(Path directory, boolean login, String tls) throws IOException {
        Files.createDirectories(directory);
        StringBuilder config = new StringBuilder();
        config.append("version: 0.1\n");
        config.append("log:\n  level: info\n");
        config.append("storage:\n  filesystem:\n    rootdirectory: ")
                .append(directory.resolve("data"))
                .append('\n');
        config.append("http:\n  addr: 127.0.0.1:0\n").append(tls);
        if (login) {
            config.append("auth:\n  htpasswd:\n    realm: test\n    path: ")
                    .append(directory.resolve("htpasswd"))
                    .append('\n');
        }
        Path file = Files.writeString(directory.resolve("config.yml"), config);
        Path log = directory.resolve("log");
        Process process = new ProcessBuilder("docker-registry", "serve", file.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> LISTENING.matcher(read(log)).find() || !process.isAlive());
            return new DebianRegistry(process, log, Integer.parseInt(find(LISTENING, log)));
        } catch (RuntimeException | Error e) {
            process.destroyForcibly();
            throw e;
        }
    }

    public String address() {
        return "127.0.0.1:" + port;
    }

    /** The same address in a form that does not tell that it is this machine's, so that it is spoken to as any other: over https. */
    String addressOfAnyMachine() {
        return "[::ffff:7f00:1]:" + port;
    }

    String user() {
        return USER;
    }

    String password() {
        return find(PASSWORD, log);
    }

    public void push(String source, String name, String... options) {
        List<String> command =
                new ArrayList<>(List.of("skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false"));
        command.addAll(List.of(options));
        command.add(source);
        command.add("docker://" + address() + "/" + name);
        Programs.run(command.toArray(new String[0]));
    }

    @Override
    public void close() {
        process.destroy();
        await().atMost(Duration.ofSeconds(10)).until(() -> !process.isAlive());
    }

    private static String find(Pattern pattern, Path log) {
        Matcher matcher = pattern.matcher(read(log));
        if (!matcher.find()) {
            throw new AssertionError("docker-registry did not say " + pattern + ":\n" + read(log));
        }
        return matcher.group(1);
    }

    private static String read(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
