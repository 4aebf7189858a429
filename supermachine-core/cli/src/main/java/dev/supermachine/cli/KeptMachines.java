package dev.supermachine.cli;

import dev.supermachine.MachineException;
import dev.supermachine.pool.KeptMachine;
import java.util.List;
import java.util.Optional;

/** Finds the one kept machine that somebody means. */
final class KeptMachines {

    private KeptMachines() {}

    /**
     * By its name or its process id.
     *
     * @throws MachineException if several have that name
     */
    static Optional<KeptMachine> find(String nameOrPid) {
        List<KeptMachine> found = KeptMachine.all().stream()
                .filter(machine -> machine.name().equals(nameOrPid)
                        || String.valueOf(machine.pid()).equals(nameOrPid))
                .toList();
        if (found.size() > 1) {
            throw new MachineException(found.size() + " machines that were kept have the name '" + nameOrPid
                    + "'. Give the process id of one: "
                    + found.stream()
                            .map(machine -> String.valueOf(machine.pid()))
                            .toList());
        }
        return found.stream().findFirst();
    }
}
