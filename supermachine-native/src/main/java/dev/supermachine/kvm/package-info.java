/** Handles of KVM and the layouts of its structures; nothing of devices. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.kvm;
