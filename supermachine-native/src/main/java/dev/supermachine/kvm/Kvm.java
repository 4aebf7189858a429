package dev.supermachine.kvm;

import dev.supermachine.kvm.KvmLayout.KvmMsrList;
import dev.supermachine.linux.LinuxException;
import dev.supermachine.linux.NativeBlock;
import dev.supermachine.linux.OpenFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The kernel's virtual machine monitor, {@code /dev/kvm}. Thread-safe.
 *
 * @since 0.1
 */
public final class Kvm implements AutoCloseable {

    /** Where it is. */
    public static final Path DEVICE = Path.of("/dev/kvm");

    private static final int CPUID_ENTRIES = 256;

    private final OpenFile file;
    private final int runSize;

    /** What was asked already: it does not change while the module is in use, and each machine asks for the same. */
    private final Map<KvmCapability, Integer> answers = new ConcurrentHashMap<>();

    private Kvm(OpenFile file) {
        this.file = file;
        runSize = file.ioctl("KVM_GET_VCPU_MMAP_SIZE", KvmRequest.KVM_GET_VCPU_MMAP_SIZE, 0);
    }

    /**
     * Opens {@code /dev/kvm}.
     *
     * @return it, open
     * @throws LinuxException if it cannot be opened: EACCES without the right to, ENOENT where there is none
     * @throws KvmException if it has another API than the one there ever was
     */
    public static Kvm open() {
        return open(DEVICE);
    }

    static Kvm open(Path device) {
        OpenFile file = OpenFile.device(device);
        try {
            int version = file.ioctl("KVM_GET_API_VERSION", KvmRequest.KVM_GET_API_VERSION, 0);
            if (version != KvmRequest.KVM_API_VERSION) {
                throw new KvmException(device + " has version " + version + " of KVM's API, but "
                        + KvmRequest.KVM_API_VERSION + " was expected");
            }
            return new Kvm(file);
        } catch (LinuxException | KvmException e) {
            file.close();
            throw e;
        }
    }

    /**
     * Asks for a capability. The kernel is asked once.
     *
     * @param capability which
     * @return 0 if it is lacking; else a value that depends on which it is, 1 as a rule
     */
    public int check(KvmCapability capability) {
        Integer known = answers.get(capability);
        if (known == null) {
            known = file.ioctl("KVM_CHECK_EXTENSION", KvmRequest.KVM_CHECK_EXTENSION, capability.number());
            answers.put(capability, known);
        }
        return known;
    }

    /**
     * Fails if capabilities are lacking.
     *
     * @param capabilities which
     * @throws KvmException if one is lacking, with its name
     */
    public void require(KvmCapability... capabilities) {
        for (KvmCapability capability : capabilities) {
            if (check(capability) == 0) {
                throw new KvmException("KVM lacks KVM_CAP_" + capability
                        + ", which every Linux since 5.10 has on x86-64; is this kernel older, or KVM emulated?");
            }
        }
    }

    /**
     * The CPUID leaves that the processor and KVM can offer to guests.
     *
     * @return in the order of KVM
     * @throws LinuxException if KVM refuses
     */
    public List<CpuidEntry> supportedCpuid() {
        NativeBlock block = CpuidBlock.room(CPUID_ENTRIES);
        file.ioctl("KVM_GET_SUPPORTED_CPUID", KvmRequest.KVM_GET_SUPPORTED_CPUID, block);
        return CpuidBlock.entries(block);
    }

    /**
     * The model-specific registers that KVM says have to be saved; those of memory types and machine checks are not among them.
     *
     * @return their indices
     * @throws LinuxException if KVM refuses
     */
    public int[] msrIndexList() {
        NativeBlock count = new NativeBlock(KvmMsrList.SIZEOF);
        int result = file.tryIoctl(KvmRequest.KVM_GET_MSR_INDEX_LIST, count.address());
        if (result < 0 && result != -LinuxException.E2BIG) {
            throw new LinuxException("KVM_GET_MSR_INDEX_LIST", -result);
        }
        int[] indices = new int[count.bytes().getInt(KvmMsrList.NMSRS)];
        NativeBlock list = new NativeBlock(KvmMsrList.SIZEOF + indices.length * Integer.BYTES);
        list.bytes().putInt(KvmMsrList.NMSRS, indices.length);
        file.ioctl("KVM_GET_MSR_INDEX_LIST", KvmRequest.KVM_GET_MSR_INDEX_LIST, list);
        for (int i = 0; i < indices.length; i++) {
            indices[i] = list.bytes().getInt(KvmMsrList.INDICES + i * Integer.BYTES);
        }
        return indices;
    }

    /**
     * Makes a machine: without memory, interrupt controllers and vCPUs.
     *
     * @return it, open; it does not need this any more
     * @throws LinuxException if KVM refuses
     */
    public VmFd createVm() {
        while (true) {
            try {
                return new VmFd(file.ioctlOpen("KVM_CREATE_VM", KvmRequest.KVM_CREATE_VM, 0), runSize);
            } catch (LinuxException e) {
                // Kernels before 5.17 start a thread here, which any signal interrupts.
                if (e.errno() != LinuxException.EINTR) {
                    throw e;
                }
            }
        }
    }

    /** Closes it. Machines live on. */
    @Override
    public void close() {
        file.close();
    }
}
