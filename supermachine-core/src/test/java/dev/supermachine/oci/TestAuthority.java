package dev.supermachine.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** An authority of the test's own that signs the certificate of a server on 127.0.0.1, made by openssl. */
record TestAuthority(Path certificate, Path serverCertificate, Path serverKey) {

    static TestAuthority make(Path directory) throws IOException {
        Files.createDirectories(directory);
        Path certificate = directory.resolve("ca.pem");
        Path key = directory.resolve("ca.key");
        request(key, "/CN=Authority of a test", certificate, "-x509", "-days", "2");
        Path serverKey = directory.resolve("server.key");
        Path signed = directory.resolve("server.pem");
        Path asked = directory.resolve("server.csr");
        request(serverKey, "/CN=registry", asked);
        Path names = Files.writeString(directory.resolve("names"), "subjectAltName=IP:127.0.0.1\n");
        Programs.run(
                "openssl",
                "x509",
                "-req",
                "-days",
                "2",
                "-in",
                asked.toString(),
                "-CA",
                certificate.toString(),
                "-CAkey",
                key.toString(),
                "-CAcreateserial",
                "-extfile",
                names.toString(),
                "-out",
                signed.toString());
        return new TestAuthority(certificate, signed, serverKey);
    }

    private static void request(Path key, String subject, Path out, String... options) {
        String[] command = {
            "openssl",
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            subject,
            "-keyout",
            key.toString(),
            "-out",
            out.toString()
        };
        String[] all = Arrays.copyOf(command, command.length + options.length);
        System.arraycopy(options, 0, all, command.length, options.length);
        Programs.run(all);
    }
}
