/** Tools that tests of several packages share. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.testing;
