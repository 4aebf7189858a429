package dev.supermachine.guest;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Tests that have the real agent as a process of this host, greeted, each one of its own. */
abstract class WithHostedAgent {

    @TempDir
    Path directory;

    HostedAgent agent;
    GuestClient client;

    @BeforeEach
    void start() {
        agent = HostedAgent.greeted(directory);
        client = agent.client();
    }

    @AfterEach
    void end() {
        agent.close();
    }
}
