package dev.supermachine.oci;

import dev.supermachine.ImageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Collection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/** Which certificates of registries are believed: what this Java believes anyway, and what certificates of one's own sign. */
final class RegistryTrust {

    private RegistryTrust() {}

    /**
     * What Java trusts and the certificates of a file.
     *
     * @param file certificates in PEM, one or more
     * @throws ImageException if the file cannot be read or holds something else
     */
    static SSLContext with(Path file) {
        Collection<? extends Certificate> own = read(file);
        try {
            KeyStore anchors = KeyStore.getInstance(KeyStore.getDefaultType());
            try {
                anchors.load(null, null);
            } catch (IOException e) {
                throw new IllegalStateException("An empty key store is read from nowhere", e);
            }
            int number = 0;
            for (TrustManager manager : managers(null)) {
                if (manager instanceof X509TrustManager x509) {
                    for (X509Certificate certificate : x509.getAcceptedIssuers()) {
                        anchors.setCertificateEntry("java-" + number++, certificate);
                    }
                }
            }
            for (Certificate certificate : own) {
                anchors.setCertificateEntry("own-" + number++, certificate);
            }
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, managers(anchors), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new ImageException(
                    "The certificates in " + file + " cannot be added to those that Java trusts: " + e
                            + ". Check what javax.net.ssl.trustStore names.",
                    e);
        }
    }

    /** @param anchors null for Java's own */
    private static TrustManager[] managers(@Nullable KeyStore anchors) throws GeneralSecurityException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(anchors);
        return factory.getTrustManagers();
    }

    private static Collection<? extends Certificate> read(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            Collection<? extends Certificate> certificates =
                    CertificateFactory.getInstance("X.509").generateCertificates(in);
            if (!certificates.isEmpty()) {
                return certificates;
            }
            throw wrong(file, "it is empty", null);
        } catch (IOException e) {
            throw new ImageException(
                    "The certificates in " + file + " cannot be read: " + e
                            + ". Check supermachine.registry.ca.file and the file's permissions.",
                    e);
        } catch (CertificateException e) {
            throw wrong(file, Messages.reason(e), e);
        }
    }

    private static ImageException wrong(Path file, String found, @Nullable Exception cause) {
        return new ImageException(
                "The file " + file
                        + " of supermachine.registry.ca.file should hold certificates in PEM (-----BEGIN CERTIFICATE-----), but does not: "
                        + found + ".",
                cause);
    }
}
