/** Linux system calls and libc functions that Java does not offer, bound through JNA. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.agent;
