package dev.supermachine.pool;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalInt;

/** A JVM that books memory and holds it until a line comes in. Arguments: the ledger's directory, the budget, the machine's name, its MiB. */
final class BookingJvm {

    private BookingJvm() {}

    public static void main(String[] arguments) throws IOException {
        try (MemoryLedger ledger =
                MemoryLedger.open(Path.of(arguments[0]), OptionalInt.of(Integer.parseInt(arguments[1])))) {
            Booking booking = ledger.book(
                    arguments[2],
                    Integer.parseInt(arguments[3]),
                    Duration.ofMinutes(1),
                    message -> System.out.println("WAITING " + message));
            System.out.println("BOOKED");
            if (System.in.read() < 0) {
                throw new IOException("The standard input was closed before a line came");
            }
            booking.close();
        }
    }
}
