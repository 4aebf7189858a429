/** Real software from Debian's packages as workloads: what {@code docs/conformance.md} lists. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.conformance;
