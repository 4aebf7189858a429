/** What {@code bin/bench} runs: the library measured beside plain programs that do the same, in the same run. */
@NullMarked
package dev.supermachine.benchmarks;

import org.jspecify.annotations.NullMarked;
