package dev.supermachine.pool;

import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.supermachine.EngineException;
import dev.supermachine.snapshot.SampleSnapshot;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import org.slf4j.LoggerFactory;

/**
 * A JVM that ends while its pool makes a machine ready, which fails because of that, and prints what the pool logged. Arguments: a directory, and "early" to
 * let it fail before the end.
 */
final class RefillingJvm {

    private static final Duration LONG = Duration.ofSeconds(60);

    private RefillingJvm() {}

    public static void main(String[] arguments) throws InterruptedException {
        Path directory = Path.of(arguments[0]);
        ListAppender<ILoggingEvent> logged = new ListAppender<>();
        logged.start();
        Logger logger = (Logger) LoggerFactory.getLogger("dev.supermachine.pool");
        logger.setLevel(Level.DEBUG);
        logger.setAdditive(false);
        logger.addAppender(logged);
        CountDownLatch making = new CountDownLatch(1);
        CountDownLatch gone = new CountDownLatch(1);
        FakeEngine engine = new FakeEngine();
        engine.onPrepare = number -> {
            making.countDown();
            try {
                gone.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            throw new EngineException("its directory is gone");
        };
        MachineSource source = new MachineSource(
                new FakeImage("fake", 100),
                engine,
                SampleSnapshot.in(directory.resolve("store")),
                true,
                MemoryLedger.open(directory.resolve("ledger"), OptionalInt.of(200)),
                Clock.systemUTC(),
                taken -> new FakeImage("taken", 100));
        var unused = new PoolBuilder(source, LONG).min(1).max(1).build();
        making.await();
        Runnable failAndPrint = () -> {
            gone.countDown();
            await().atMost(LONG).untilAsserted(() -> print(logged));
        };
        if (arguments.length > 1) {
            failAndPrint.run();
        } else {
            Runtime.getRuntime().addShutdownHook(new Thread(failAndPrint));
        }
    }

    private static void print(ListAppender<ILoggingEvent> logged) {
        List<ILoggingEvent> events = List.copyOf(logged.list);
        if (events.isEmpty()) {
            throw new AssertionError("nothing was logged");
        }
        for (ILoggingEvent event : events) {
            System.out.println(event.getLevel() + " " + event.getFormattedMessage()
                    + (event.getThrowableProxy() == null ? "" : " with a stack"));
        }
    }
}
