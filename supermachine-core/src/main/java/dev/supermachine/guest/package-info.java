/** Talking to the agent in the guest: frames, streams, processes, files and connections. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.guest;
