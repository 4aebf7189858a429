package dev.supermachine.agent;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Properties;

/**
 * The guest agent: a static ELF program for x86-64, the {@code /init} of every guest.
 *
 * <p>All methods may be called by any thread.
 *
 * @since 0.1
 */
public final class AgentBinary {
    private static final String PROGRAM = "x86_64/agent";
    private static final String PROPERTIES = "x86_64/agent.properties";

    private AgentBinary() {}

    /**
     * Reads the program and compares it with {@link #sha256()}.
     *
     * @return a fresh array, which the caller may change
     * @throws IllegalStateException if the program is missing in this artifact, or is not the one it was built with
     * @throws UncheckedIOException if the artifact cannot be read
     */
    public static byte[] load() {
        byte[] program = resource(PROGRAM);
        String expected = sha256();
        String found = hash(program);
        if (!found.equals(expected)) {
            throw new IllegalStateException("The guest agent in " + location() + " is damaged: expected SHA-256 "
                    + expected + ", found " + found + ". Replace the supermachine-native jar, or build it anew.");
        }
        return program;
    }

    /**
     * The hash the program had when it was built; part of what identifies a snapshot.
     *
     * @return 64 hexadecimal digits in lower case
     * @throws IllegalStateException if the agent is missing in this artifact
     * @throws UncheckedIOException if the artifact cannot be read
     */
    public static String sha256() {
        Properties properties = new Properties();
        try (InputStream in = open(PROPERTIES)) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String hash = properties.getProperty("sha256", "");
        if (!hash.matches("[0-9a-f]{64}")) {
            throw new IllegalStateException(
                    PROPERTIES + " in " + location() + " names no SHA-256 of the guest agent, but: \"" + hash + "\"");
        }
        return hash;
    }

    private static byte[] resource(String name) {
        try (InputStream in = open(name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** By the class, not by a class loader: resources of a named module are found by its own classes only. */
    private static InputStream open(String name) {
        InputStream in = AgentBinary.class.getResourceAsStream(name);
        if (in == null) {
            throw new IllegalStateException("The guest agent is missing: no dev/supermachine/agent/" + name + " in "
                    + location() + ". It is built from supermachine-native/src/main/guest by Maven with musl-gcc"
                    + " (package musl-tools); classes compiled by an IDE alone do not have it.");
        }
        return in;
    }

    private static String location() {
        var source = AgentBinary.class.getProtectionDomain().getCodeSource();
        return source == null ? "an unknown place" : String.valueOf(source.getLocation());
    }

    private static String hash(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }
}
