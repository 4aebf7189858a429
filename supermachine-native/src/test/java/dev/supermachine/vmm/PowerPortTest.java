package dev.supermachine.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PowerPortTest {

    private final List<EndCause> causes = new ArrayList<>();
    private final PowerPort port = new PowerPort(causes::add);

    @Test
    void theSleepRegisterPowersOffForTypeFiveOnly() {
        for (int type = 0; type < 8; type++) {
            port.write(PowerPort.SLEEP_CONTROL, 1, type << 2);
            if (type != 5) {
                port.write(PowerPort.SLEEP_CONTROL, 1, (type << 2) | 0x20);
            }
        }
        assertThat(causes).isEmpty();
        port.write(PowerPort.SLEEP_CONTROL, 1, 0x34);
        assertThat(causes).containsExactly(EndCause.POWER_OFF);
    }

    @Test
    void theResetRegisterResetsByItsValueOnly() {
        port.write(PowerPort.RESET, 1, 0);
        port.write(PowerPort.RESET, 1, 0xFF);
        port.write(PowerPort.SLEEP_STATUS, 1, PowerPort.RESET_VALUE);
        assertThat(causes).isEmpty();
        port.write(PowerPort.RESET, 1, PowerPort.RESET_VALUE);
        port.write(PowerPort.SLEEP_CONTROL, 4, 0x00010000);
        assertThat(causes).containsExactly(EndCause.RESET, EndCause.RESET);
    }

    @Test
    void theKeyboardControllerIsAlwaysReadyAndResets() {
        IoRegion keyboard = port.keyboardController();
        assertThat(keyboard.read(0, 1)).as("no byte waits in either direction").isZero();
        keyboard.write(0, 1, 0xD1);
        assertThat(causes).isEmpty();
        keyboard.write(0, 1, 0xFE);
        assertThat(causes).containsExactly(EndCause.RESET);
    }

    @Test
    void allRegistersReadAsZero() {
        assertThat(port.read(PowerPort.SLEEP_STATUS, 1)).isZero();
        assertThat(port.read(PowerPort.SLEEP_CONTROL, 8)).isZero();
    }
}
