/** Tests of the virtual machine monitor, and drivers as a guest would have them. */
@org.jspecify.annotations.NullMarked
package dev.supermachine.vmm;
