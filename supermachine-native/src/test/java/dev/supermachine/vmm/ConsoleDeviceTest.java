package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ConsoleDeviceTest {

    private static final String NAME = "dev.supermachine.agent";

    private final GuardedMemory guarded = new GuardedMemory();
    private final AtomicInteger pulses = new AtomicInteger();
    private final ConsoleDevice device = new ConsoleDevice(guarded.memory, pulses::incrementAndGet, NAME);
    private final AgentPort port = device.port();
    private final GuestDriver guest = new GuestDriver(guarded.memory, device);

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private void write(String text) throws IOException {
        ByteBuffer source = ByteBuffer.wrap(bytes(text));
        port.writeNow(source);
        assertThat(source.hasRemaining()).isFalse();
    }

    private String readText() throws IOException {
        ByteBuffer target = ByteBuffer.allocate(100);
        port.readNow(target);
        return new String(target.array(), 0, target.position(), StandardCharsets.UTF_8);
    }

    private LinuxConsole opened() {
        LinuxConsole linux = new LinuxConsole(guest).probe();
        linux.open();
        return linux;
    }

    @Test
    void tellsLinuxOfItsPort() {
        LinuxConsole linux = new LinuxConsole(guest).probe();
        assertThat(linux.name).isEqualTo(NAME);
        assertThat(linux.hostConnected).isTrue();
        assertThat(guest.status()).isEqualTo(1 | 2 | 4 | 8);
        guarded.requireGuards();
    }

    @Test
    void carriesBytesBothWays() throws IOException {
        LinuxConsole linux = opened();
        write("to the guest");
        assertThat(linux.takeReceived()).isEqualTo(bytes("to the guest"));
        linux.send(bytes("to "), bytes("the host"));
        assertThat(readText()).isEqualTo("to the host");
        assertThat(readText()).isEmpty();
        assertThat(linux.out.takeOneUsed().length()).isZero();
    }

    @Test
    void keepsBytesUntilTheGuestOpensThePort() throws IOException {
        write("early ");
        LinuxConsole linux = new LinuxConsole(guest).probe();
        write("bird");
        assertThat(linux.takeReceived()).isEmpty();
        linux.open();
        assertThat(linux.takeReceived()).isEqualTo(bytes("early bird"));
        linux.close();
        write("later");
        assertThat(linux.takeReceived()).isEmpty();
        linux.open();
        assertThat(linux.takeReceived()).isEqualTo(bytes("later"));
    }

    @Test
    void fillsSeveralBuffersForOneInterrupt() throws IOException {
        LinuxConsole linux = opened();
        byte[] sent = random(10 * LinuxConsole.PAGE + 1);
        pulses.set(0);
        port.writeNow(ByteBuffer.wrap(sent));
        assertThat(pulses).hasValue(1);
        assertThat(linux.takeReceived()).isEqualTo(sent);
    }

    @Test
    void asksForNotificationsOnlyWhileItWaitsForBuffers() throws IOException {
        LinuxConsole linux = opened();
        assertThat(linux.in.wantsKick()).isFalse();
        assertThat(linux.controlIn.wantsKick()).isFalse();
        ByteBuffer sent = ByteBuffer.wrap(random(AgentPort.CAPACITY));
        port.writeNow(sent);
        assertThat(sent.hasRemaining()).isFalse();
        assertThat(linux.in.wantsKick()).isTrue();
        assertThat(linux.takeReceived()).isEqualTo(sent.array());
        assertThat(linux.in.wantsKick()).isFalse();
    }

    @Test
    void takesNoMoreFromTheHostThanItHasRoomFor() throws IOException {
        LinuxConsole linux = new LinuxConsole(guest).probe();
        ByteBuffer sent = ByteBuffer.wrap(random(2 * AgentPort.CAPACITY));
        port.writeNow(sent);
        assertThat(sent.remaining()).isEqualTo(AgentPort.CAPACITY);
        linux.open();
        port.writeNow(sent);
        assertThat(sent.remaining()).isEqualTo(AgentPort.CAPACITY - 32 * LinuxConsole.PAGE);
        ByteArrayOutputStream received = new ByteArrayOutputStream();
        while (received.size() < 2 * AgentPort.CAPACITY) {
            received.writeBytes(linux.takeReceived());
            port.writeNow(sent);
        }
        assertThat(received.toByteArray()).isEqualTo(sent.array());
    }

    @Test
    void holdsTheGuestBackWhileTheHostDoesNotRead() throws IOException {
        LinuxConsole linux = opened();
        byte[] sent = random(20 * 20_000);
        for (int i = 0; i < 20; i++) {
            linux.send(Arrays.copyOfRange(sent, i * 20_000, (i + 1) * 20_000));
        }
        int taken = AgentPort.CAPACITY / 20_000;
        assertThat(linux.out.takeUsed()).hasSize(taken);
        pulses.set(0);
        ByteBuffer read = ByteBuffer.allocate(sent.length);
        port.readNow(read.limit(100));
        assertThat(linux.out.takeUsed()).as("more only when it pays").isEmpty();
        port.readNow(read.limit(200_000));
        assertThat(linux.out.takeUsed()).hasSize(20 - taken);
        assertThat(pulses).hasValue(1);
        port.readNow(read.limit(sent.length));
        assertThat(read.array()).isEqualTo(sent);
    }

    @Test
    void takesAChainLargerThanAllItHasPieceByPiece() throws IOException {
        LinuxConsole linux = opened();
        int length = 0xC0000;
        linux.out.add(List.of(
                new GuestDriver.Buffer(0, length, false),
                new GuestDriver.Buffer(0, length, false),
                new GuestDriver.Buffer(0, length, true)));
        linux.out.kick();
        ByteBuffer read = ByteBuffer.allocate(2 * length + 1);
        while (port.readNow(read) > 0) {
            assertThat(read.position()).isPositive();
        }
        assertThat(read.position()).isEqualTo(2 * length);
        assertThat(linux.out.takeOneUsed().length()).isZero();
        guarded.requireGuards();
    }

    @Test
    void letsBytesToTheUnusedPortVanish() throws IOException {
        guest.negotiate(GuestDriver.VERSION_1 | 2);
        GuestDriver.Ring unusedIn = guest.ring(0);
        GuestDriver.Ring unusedOut = guest.ring(1);
        guest.go();
        unusedIn.add(List.of(), 100);
        unusedIn.kick();
        unusedOut.add(List.of(bytes("?")));
        unusedOut.kick();
        assertThat(unusedOut.takeUsed()).hasSize(1);
        assertThat(unusedIn.takeUsed()).isEmpty();
        assertThat(readText()).isEmpty();
    }

    @Test
    void ignoresControlMessagesThatMeanNothing() throws IOException {
        LinuxConsole linux = new LinuxConsole(guest);
        linux.fill(linux.controlIn);
        linux.control(-1, 0, 0);
        linux.control(0, LinuxConsole.READY, 1);
        linux.control(1, LinuxConsole.READY, 0);
        linux.control(0, LinuxConsole.OPEN, 1);
        linux.control(2, LinuxConsole.OPEN, 1);
        linux.control(1, 99, 1);
        linux.controlOut.add(List.of(new byte[7]));
        linux.controlOut.kick();
        assertThat(linux.controlOut.takeUsed()).hasSize(1);
        write("x");
        linux.interrupted();
        assertThat(linux.events).isEmpty();
        assertThat(linux.in.takeUsed()).isEmpty();
        linux.control(-1, 0, 1);
        linux.interrupted();
        assertThat(linux.events).containsExactly("add", "name", "open 1");
    }

    @Test
    void keepsControlMessagesUntilThereAreBuffers() {
        LinuxConsole linux = new LinuxConsole(guest);
        linux.control(-1, 0, 1);
        linux.control(1, LinuxConsole.READY, 1);
        linux.interrupted();
        assertThat(linux.events).isEmpty();
        linux.controlIn.add(List.of(), 8);
        linux.controlIn.kickIfWanted();
        assertThat(linux.controlIn.written(linux.controlIn.takeOneUsed())).containsExactly(1, 0, 0, 0, 1, 0, 1, 0);
        linux.controlIn.add(List.of(), 10);
        linux.controlIn.kickIfWanted();
        assertThat(linux.controlIn.written(linux.controlIn.takeOneUsed()))
                .as("as much of the name as there is room for")
                .containsExactly(1, 0, 0, 0, 7, 0, 1, 0, 'd', 'e');
        assertThat(linux.controlIn.wantsKick()).isTrue();
        linux.fill(linux.controlIn);
        linux.interrupted();
        assertThat(linux.events).containsExactly("open 1");
        assertThat(linux.controlIn.wantsKick()).isFalse();
    }

    @Test
    void tellsTheGuestThatTheHostHasClosed() throws IOException {
        LinuxConsole linux = opened();
        linux.send(bytes("unread"));
        port.close();
        port.close();
        linux.interrupted();
        assertThat(linux.hostConnected).isFalse();
        linux.send(bytes("vanishes"));
        assertThat(linux.out.takeUsed()).hasSize(2);
        assertThatThrownBy(() -> port.readNow(ByteBuffer.allocate(1)))
                .isInstanceOf(IOException.class)
                .hasMessage("The channel to the guest's agent is closed");
        assertThatThrownBy(() -> port.writeNow(ByteBuffer.allocate(1)))
                .isInstanceOf(IOException.class)
                .hasMessage("The channel to the guest's agent is closed");
    }

    @Test
    void freesAGuestThatWasHeldBackWhenTheHostCloses() {
        LinuxConsole linux = opened();
        for (int i = 0; i < 20; i++) {
            linux.send(random(20_000));
        }
        port.close();
        assertThat(linux.out.takeUsed()).hasSize(20);
    }

    @Test
    void isClosedForAGuestThatComesAfterwards() {
        port.close();
        LinuxConsole linux = new LinuxConsole(guest);
        linux.fill(linux.controlIn);
        linux.control(-1, 0, 1);
        linux.interrupted();
        assertThat(linux.events).containsExactly("add", "name");
    }

    @Test
    void doesNotTouchTheGuestWhileItIsQuiesced() throws IOException {
        LinuxConsole linux = opened();
        linux.send(bytes("before"));
        for (int i = 0; i < 20; i++) {
            linux.send(random(20_000));
        }
        linux.out.takeUsed();
        device.quiesce();
        pulses.set(0);
        write("meanwhile");
        port.readNow(ByteBuffer.allocate(AgentPort.CAPACITY));
        assertThat(pulses).hasValue(0);
        assertThat(linux.in.takeUsed()).isEmpty();
        assertThat(linux.out.takeUsed()).isEmpty();
        device.unquiesce();
        assertThat(linux.takeReceived()).isEqualTo(bytes("meanwhile"));
        assertThat(linux.out.takeUsed()).isNotEmpty();
        device.quiesce();
        port.close();
        assertThat(linux.controlIn.takeUsed()).isEmpty();
        device.unquiesce();
        linux.interrupted();
        assertThat(linux.hostConnected).isFalse();
    }

    @Test
    void aResetDropsWhatWasUnderWay() throws IOException {
        LinuxConsole linux = opened();
        linux.send(bytes("old"));
        StateWriter out = new StateWriter();
        device.save(out);
        device.quiesce();
        write("old");

        device.restore(new StateReader(out.toBytes()));
        device.unquiesce();
        assertThat(readText()).isEmpty();
        write("new");
        assertThat(linux.takeReceived()).isEqualTo(bytes("new"));
    }

    @Test
    void aMachineThatIsRestoredElsewhereLearnsThatTheHostIsClosed() {
        LinuxConsole linux = opened();
        StateWriter out = new StateWriter();
        device.save(out);
        ConsoleDevice other = new ConsoleDevice(guarded.memory, pulses::incrementAndGet, NAME);
        other.port().close();
        other.restore(new StateReader(out.toBytes()));
        other.unquiesce();
        linux.interrupted();
        assertThat(linux.hostConnected).isFalse();
    }

    @Test
    void goesOnInTheMiddleOfAChain() throws IOException {
        LinuxConsole linux = opened();
        linux.out.add(List.of(new GuestDriver.Buffer(0, 0xC0000, false)));
        linux.out.kick();
        StateWriter out = new StateWriter();
        device.save(out);
        device.restore(new StateReader(out.toBytes()));
        device.unquiesce();
        ByteBuffer read = ByteBuffer.allocate(0xC0000);
        while (port.readNow(read) > 0) {
            assertThat(read.position()).isPositive();
        }
        assertThat(read.position()).as("without the part that was dropped").isEqualTo(0xC0000 - AgentPort.CAPACITY);
        assertThat(linux.out.takeUsed()).hasSize(1);
    }

    @Test
    void afterItsOwnResetTheDriverBeginsAnew() throws IOException {
        LinuxConsole linux = opened();
        linux.control(1, LinuxConsole.READY, 1);
        linux.out.skip(100);
        linux.out.kick();
        assertThat(guest.status() & GuestDriver.NEEDS_RESET).isNotZero();
        write("kept");
        LinuxConsole again = new LinuxConsole(guest).probe();
        assertThat(again.takeReceived()).isEmpty();
        again.open();
        assertThat(again.takeReceived()).isEqualTo(bytes("kept"));
    }

    @Test
    void endsWithTheMachine() throws IOException {
        LinuxConsole linux = opened();
        linux.send(bytes("last"));
        device.close();
        assertThat(readText()).isEqualTo("last");
        assertThat(port.readNow(ByteBuffer.allocate(1))).isEqualTo(-1);
        assertThat(port.readNow(ByteBuffer.allocate(0))).isZero();
        assertThatThrownBy(() -> port.writeNow(ByteBuffer.allocate(1)))
                .isInstanceOf(IOException.class)
                .hasMessage("The machine has ended, and with it the channel to its agent");
        port.close();
    }
}
