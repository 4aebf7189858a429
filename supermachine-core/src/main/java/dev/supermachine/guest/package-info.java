/** The guest's side of a machine: the kernel and initial file system it boots, and the talk with its agent. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.guest;
