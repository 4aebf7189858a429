import org.jspecify.annotations.NullMarked;

/** OCI images to snapshots to machines: the public API and the engine. */
@NullMarked
@SuppressWarnings("module") // the reader of the qualified exports is built after this module
module dev.supermachine.core {
    requires com.github.luben.zstd_jni;
    requires com.google.gson;
    requires dev.supermachine.nativeaccess;
    requires java.net.http;
    requires org.objectweb.asm;
    requires org.slf4j;
    requires static transitive org.apiguardian.api;
    requires static transitive org.jspecify;

    exports dev.supermachine;
    exports dev.supermachine.bake to
            dev.supermachine.cli;
    exports dev.supermachine.engine to
            dev.supermachine.cli,
            dev.supermachine.junit;
    exports dev.supermachine.image to
            dev.supermachine.cli,
            dev.supermachine.junit;
    exports dev.supermachine.json to
            dev.supermachine.cli;
    exports dev.supermachine.pool to
            dev.supermachine.cli;
    exports dev.supermachine.settings to
            dev.supermachine.cli,
            dev.supermachine.junit;
    exports dev.supermachine.snapshot to
            dev.supermachine.cli;
    exports dev.supermachine.text to
            dev.supermachine.cli;

    uses dev.supermachine.engine.Hypervisor;

    provides dev.supermachine.engine.Hypervisor with
            dev.supermachine.engine.kvm.KvmHypervisor,
            dev.supermachine.engine.qemu.QemuKvmHypervisor,
            dev.supermachine.engine.qemu.QemuTcgHypervisor;
}
