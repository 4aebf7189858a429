package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClosingTest {

    @TempDir
    Path directory;

    @Test
    void whatWasOpenedIsClosedIfTheNextStepFails() throws IOException {
        FileChannel channel = FileChannel.open(Files.createFile(directory.resolve("file")));
        IOException failure = new IOException("broken on purpose");
        assertThatThrownBy(() -> Closing.orClose(channel, opened -> {
                    assertThat(opened.isOpen()).isTrue();
                    throw failure;
                }))
                .isSameAs(failure);
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void whatWasOpenedStaysOpenForWhatIsMadeOfIt() throws IOException {
        try (FileChannel channel = FileChannel.open(Files.createFile(directory.resolve("file")))) {
            assertThat(Closing.<FileChannel, Long, IOException>orClose(channel, FileChannel::size))
                    .isZero();
            assertThat(channel.isOpen()).isTrue();
        }
    }

    @Test
    void theFailureOfTheStepGoesBeforeThatOfTheClosing() {
        AutoCloseable opened = () -> {
            throw new IOException("cannot be closed");
        };
        assertThatThrownBy(() -> Closing.orClose(opened, it -> {
                    throw new IllegalStateException("broken on purpose");
                }))
                .isInstanceOf(IllegalStateException.class)
                .satisfies(e -> assertThat(e.getSuppressed())
                        .singleElement()
                        .satisfies(suppressed -> assertThat(suppressed).hasMessage("cannot be closed")));
    }

    @Test
    void allAreClosedInTheirOrderEvenIfSomeFail() {
        AtomicInteger closed = new AtomicInteger();
        AutoCloseable failing = () -> {
            closed.incrementAndGet();
            throw new IOException("cannot be closed");
        };
        CompletableFuture<Void> done = Closing.later(List.of(failing, closed::incrementAndGet, failing));
        assertThatThrownBy(done::join).isInstanceOf(CompletionException.class).hasRootCauseMessage("cannot be closed");
        assertThat(closed).hasValue(3);
    }
}
