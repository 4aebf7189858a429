/** The engine that runs machines in QEMU processes, by KVM or by software. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.engine.qemu;
