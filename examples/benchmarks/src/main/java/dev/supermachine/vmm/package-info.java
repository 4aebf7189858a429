/**
 * What the benchmarks need of the machines on KVM, whose types are not public. It lies in their package, which works on a class path, where a package may have
 * classes in several places; with modules it would not.
 */
@NullMarked
package dev.supermachine.vmm;

import org.jspecify.annotations.NullMarked;
