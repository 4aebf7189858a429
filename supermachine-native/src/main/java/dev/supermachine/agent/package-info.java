/** The guest agent, process 1 of every guest, as this artifact carries it. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.agent;
