/** The JUnit extension: {@code @MicroVm} and what is behind it. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.junit;
