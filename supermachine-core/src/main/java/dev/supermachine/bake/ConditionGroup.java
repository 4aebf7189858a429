package dev.supermachine.bake;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Several conditions of which all, or any, are awaited. */
final class ConditionGroup extends Condition {

    private final List<Condition> members;
    private final State enough;
    private final State otherwise;

    private ConditionGroup(List<Condition> members, Optional<Duration> timeout, State enough, State otherwise) {
        super(timeout);
        this.members = members;
        this.enough = enough;
        this.otherwise = otherwise;
    }

    /** Met when all are, failed when one is. */
    static ConditionGroup all(List<Condition> members, Optional<Duration> timeout) {
        return new ConditionGroup(members, timeout, State.FAILED, State.MET);
    }

    /** Met when one is, failed when all are. */
    static ConditionGroup any(List<Condition> members, Optional<Duration> timeout) {
        return new ConditionGroup(members, timeout, State.MET, State.FAILED);
    }

    @Override
    State check() {
        boolean pending = false;
        for (Condition member : members) {
            State state = member.look();
            if (state == enough) {
                return enough;
            }
            pending |= state == State.PENDING;
        }
        return pending ? State.PENDING : otherwise;
    }

    @Override
    void workloadEnded() {
        members.forEach(Condition::workloadEnded);
    }

    @Override
    Stream<String> report() {
        return members.stream().flatMap(Condition::report);
    }

    @Override
    public void close() {
        members.forEach(Condition::close);
    }
}
