package dev.supermachine.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.OciImageBuilder;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class BakeOptionTest {

    /** Those whose value is code, and the one that has options of its own. */
    private static final Set<String> ELSEWHERE = Set.of("withWarmup", "withWarmupTag", "withWait");

    /** Whoever adds a setter adds a line to {@link BakeOption#all()}. */
    @Test
    void everySetterOfTheBuilderHasAnOption() {
        Set<String> setters = Arrays.stream(OciImageBuilder.class.getMethods())
                .map(Method::getName)
                .filter(name -> name.startsWith("with"))
                .filter(name -> !ELSEWHERE.contains(name))
                .collect(Collectors.toSet());
        assertThat(BakeOption.all().stream().map(BakeOption::setter)).containsExactlyInAnyOrderElementsOf(setters);
    }
}
