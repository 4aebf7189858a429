/** The command line {@code supermachine}: each command in a class of its own, over what the core exports to it. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.cli;
