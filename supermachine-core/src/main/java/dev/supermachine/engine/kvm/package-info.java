/** Machines in this process, on the kernel's KVM: the engine over the virtual machine monitor of the native module. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.engine.kvm;
