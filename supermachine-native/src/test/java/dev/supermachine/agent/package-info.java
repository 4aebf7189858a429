/** Tests of the guest agent's artifact. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.agent;
