import org.jspecify.annotations.NullMarked;

/** Everything that touches the machine: libc through JNA, and the guest agent as a resource. */
@NullMarked
@SuppressWarnings("module") // the reader of the qualified export is built after this module
module dev.supermachine.nativeaccess {
    requires com.sun.jna;
    requires static transitive org.apiguardian.api;
    requires static transitive org.jspecify;

    exports dev.supermachine.agent to
            dev.supermachine.core;
    exports dev.supermachine.kvm to
            dev.supermachine.core;
    exports dev.supermachine.linux to
            dev.supermachine.core;
    exports dev.supermachine.vmm to
            dev.supermachine.core;

    opens dev.supermachine.linux to
            com.sun.jna;
}
