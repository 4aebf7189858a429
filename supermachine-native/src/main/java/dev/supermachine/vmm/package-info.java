/** The virtual machine monitor: guest memory, boot, vCPUs, interrupts, devices, and how all of it is captured, restored and reset. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.vmm;
