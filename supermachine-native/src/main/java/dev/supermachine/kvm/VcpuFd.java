package dev.supermachine.kvm;

import dev.supermachine.kvm.KvmLayout.KvmDeviceAttr;
import dev.supermachine.linux.LinuxException;
import dev.supermachine.linux.Mapping;
import dev.supermachine.linux.NativeBlock;
import dev.supermachine.linux.OpenFile;
import java.util.List;
import java.util.OptionalLong;

/**
 * A vCPU of KVM. {@link #enter()} belongs on one thread for the vCPU's life. The others wait while that thread is inside; so they are called on whatever thread, but
 * when the vCPU is out.
 *
 * @since 0.1
 */
public final class VcpuFd implements AutoCloseable {

    private static final int CPUID_ENTRIES = 256;

    private final OpenFile file;
    private final Mapping page;
    private final KvmRun run;
    private final boolean largeXsave;

    /** The attribute, and behind it its value. */
    private final NativeBlock tscOffset = new NativeBlock(KvmDeviceAttr.SIZEOF + Long.BYTES);

    /** Takes the file over: it is also closed if this fails. */
    VcpuFd(OpenFile file, int runSize, boolean largeXsave) {
        this.file = file;
        this.largeXsave = largeXsave;
        try {
            page = Mapping.shared(file, 0, runSize);
        } catch (RuntimeException | Error e) {
            file.close();
            throw e;
        }
        run = new KvmRun(page.view(0, runSize));
        tscOffset
                .bytes()
                .putInt(KvmDeviceAttr.GROUP, KvmRequest.KVM_VCPU_TSC_CTRL)
                .putLong(KvmDeviceAttr.ATTR, KvmRequest.KVM_VCPU_TSC_OFFSET)
                .putLong(KvmDeviceAttr.ADDR, tscOffset.address(KvmDeviceAttr.SIZEOF));
    }

    /**
     * What is shared with the kernel: why the vCPU came out, and data of its I/O.
     *
     * @return always the same
     */
    public KvmRun run() {
        return run;
    }

    /**
     * Runs the guest until it needs something, or a signal arrives.
     *
     * @return 0 and {@link #run()} says what is needed; or an error's number, negative: EINTR and EAGAIN mean to enter again
     */
    public int enter() {
        return file.tryIoctl(KvmRequest.KVM_RUN, 0);
    }

    /**
     * Reads a part of the state.
     *
     * @param part which
     * @param block where to
     * @param offset where it begins there
     * @throws LinuxException if KVM refuses
     */
    public void get(VcpuStruct part, NativeBlock block, int offset) {
        long request = part == VcpuStruct.XSAVE && largeXsave ? KvmRequest.KVM_GET_XSAVE2 : part.getRequest();
        file.ioctl(part.getName(), request, block, offset);
    }

    /**
     * Sets a part of the state.
     *
     * @param part which
     * @param block where from
     * @param offset where it begins there
     * @throws LinuxException if KVM refuses
     */
    public void set(VcpuStruct part, NativeBlock block, int offset) {
        file.ioctl(part.setName(), part.setRequest(), block, offset);
    }

    /**
     * Sets the floating point state that every program expects at its begin.
     *
     * @throws LinuxException if KVM refuses
     */
    public void resetFpu() {
        NativeBlock fpu = new NativeBlock(KvmLayout.KvmFpu.SIZEOF);
        fpu.bytes().putShort(KvmLayout.KvmFpu.FCW, (short) 0x37f).putInt(KvmLayout.KvmFpu.MXCSR, 0x1f80);
        file.ioctl("KVM_SET_FPU", KvmRequest.KVM_SET_FPU, fpu);
    }

    /**
     * Sets what the CPUID instruction answers. Before the vCPU is first entered, and before registers are read or set that depend on it.
     *
     * @param entries all leaves
     * @throws LinuxException if KVM refuses
     */
    public void setCpuid(List<CpuidEntry> entries) {
        file.ioctl("KVM_SET_CPUID2", KvmRequest.KVM_SET_CPUID2, CpuidBlock.of(entries));
    }

    /**
     * What the CPUID instruction answers.
     *
     * @return all leaves
     * @throws LinuxException if KVM refuses
     */
    public List<CpuidEntry> cpuid() {
        NativeBlock block = CpuidBlock.room(CPUID_ENTRIES);
        file.ioctl("KVM_GET_CPUID2", KvmRequest.KVM_GET_CPUID2, block);
        return CpuidBlock.entries(block);
    }

    /**
     * Reads model-specific registers.
     *
     * @param registers which, and where to
     * @return how many were read; if not all, the next was refused
     * @throws LinuxException if KVM refuses all of it
     */
    public int getMsrs(MsrBlock registers) {
        return file.ioctl("KVM_GET_MSRS", KvmRequest.KVM_GET_MSRS, registers.block());
    }

    /**
     * Sets model-specific registers.
     *
     * @param registers which, and to what
     * @return how many were set; if not all, the next was refused
     * @throws LinuxException if KVM refuses all of it
     */
    public int setMsrs(MsrBlock registers) {
        return file.ioctl("KVM_SET_MSRS", KvmRequest.KVM_SET_MSRS, registers.block());
    }

    /**
     * The frequency of the guest's time stamp counter.
     *
     * @return kHz
     * @throws LinuxException if KVM refuses, as where the host's is not constant
     */
    public int tscKhz() {
        return file.ioctl("KVM_GET_TSC_KHZ", KvmRequest.KVM_GET_TSC_KHZ, 0);
    }

    /**
     * Sets the frequency of the guest's time stamp counter. Needs {@link KvmCapability#TSC_CONTROL} unless it is about the host's.
     *
     * @param khz in kHz
     * @throws LinuxException if KVM refuses
     */
    public void setTscKhz(int khz) {
        file.ioctl("KVM_SET_TSC_KHZ", KvmRequest.KVM_SET_TSC_KHZ, khz);
    }

    /**
     * What is added to the host's time stamp counter, scaled, to get the guest's.
     *
     * @return the offset, or empty before Linux 5.16
     * @throws LinuxException if KVM refuses
     */
    public synchronized OptionalLong tscOffset() {
        // A field, so that it is not collected meanwhile.
        int result = file.tryIoctl(KvmRequest.KVM_GET_DEVICE_ATTR, tscOffset.address());
        // The latter of a kernel that has attributes of vCPUs, but not this one.
        if (result == -LinuxException.EINVAL || result == -LinuxException.ENXIO) {
            return OptionalLong.empty();
        }
        if (result < 0) {
            throw new LinuxException("KVM_GET_DEVICE_ATTR of KVM_VCPU_TSC_OFFSET", -result);
        }
        return OptionalLong.of(tscOffset.bytes().getLong(KvmDeviceAttr.SIZEOF));
    }

    /**
     * Sets what is added to the host's time stamp counter.
     *
     * @param offset the offset
     * @throws LinuxException if KVM refuses
     */
    public synchronized void setTscOffset(long offset) {
        tscOffset.bytes().putLong(KvmDeviceAttr.SIZEOF, offset);
        file.ioctl("KVM_SET_DEVICE_ATTR of KVM_VCPU_TSC_OFFSET", KvmRequest.KVM_SET_DEVICE_ATTR, tscOffset);
    }

    /**
     * Tells the guest, by its clock, that it did not run for a while, so that its watchdogs do not bark.
     *
     * @return false if it does not use such a clock
     * @throws LinuxException if KVM refuses for another reason
     */
    public boolean tellPaused() {
        int result = file.tryIoctl(KvmRequest.KVM_KVMCLOCK_CTRL, 0);
        if (result < 0 && result != -LinuxException.EINVAL) {
            throw new LinuxException("KVM_KVMCLOCK_CTRL", -result);
        }
        return result == 0;
    }

    /** Closes it. No thread may be inside. */
    @Override
    public void close() {
        page.close();
        file.close();
    }
}
