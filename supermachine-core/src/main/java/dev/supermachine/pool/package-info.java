/** Machines for those who want them: acquiring, releasing, resetting, and the memory that all of them share. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.pool;
