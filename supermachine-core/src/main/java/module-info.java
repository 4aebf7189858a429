import org.jspecify.annotations.NullMarked;

/** OCI images to snapshots to machines: the public API and the engine. */
@NullMarked
module dev.supermachine.core {
    requires com.github.luben.zstd_jni;
    requires com.google.gson;
    requires dev.supermachine.nativeaccess;
    requires java.net.http;
    requires org.slf4j;
    requires static transitive org.apiguardian.api;
    requires static transitive org.jspecify;

    exports dev.supermachine;

    uses dev.supermachine.engine.Hypervisor;

    provides dev.supermachine.engine.Hypervisor with
            dev.supermachine.engine.qemu.QemuKvmHypervisor,
            dev.supermachine.engine.qemu.QemuTcgHypervisor;
}
