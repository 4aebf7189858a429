package dev.supermachine.oci;

import dev.supermachine.ImageException;
import dev.supermachine.fuzz.Oracle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Any bytes as what a credential helper prints: a login, nothing, or a refusal that does not show what may be a secret; also where the helper fails. */
public final class HelperAnswerFuzz {

    private static final Path PROGRAM = Path.of("/bin/docker-credential-fuzz");

    private HelperAnswerFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        String output = new String(input, StandardCharsets.UTF_8);
        CredentialHelpers.Outcome outcome = CredentialHelpers.parse(PROGRAM, output);
        Oracle.requireEqual(outcome, CredentialHelpers.parse(PROGRAM, output), "read again");
        outcome.login().ifPresent(login -> {
            Oracle.require(!login.user().isEmpty() && !login.secret().isEmpty(), "half a login");
            Oracle.require(outcome.problem() == null, "a login and a problem");
            Oracle.requireEqual(login.user(), login.toString(), "a login as text");
        });
        if (outcome.problem() != null) {
            Oracle.requireGoodMessage(new ImageException(outcome.problem()));
            String other = CredentialHelpers.parse(PROGRAM, "x".repeat(output.length()))
                    .problem();
            Oracle.requireEqual(other, outcome.problem(), "the problem depends on what was printed");
        }
        String said = CredentialHelpers.said(output, output);
        Oracle.require(said.codePoints().noneMatch(Character::isISOControl), "a control character in " + said);
        Oracle.require(said.isEmpty() || output.indexOf('{') < 0, "what may be an answer is shown");
    }
}
