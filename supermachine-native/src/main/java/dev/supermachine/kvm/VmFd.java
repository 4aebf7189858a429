package dev.supermachine.kvm;

import dev.supermachine.kvm.KvmLayout.KvmClockData;
import dev.supermachine.kvm.KvmLayout.KvmEnableCap;
import dev.supermachine.kvm.KvmLayout.KvmMsi;
import dev.supermachine.kvm.KvmLayout.KvmUserspaceMemoryRegion;
import dev.supermachine.linux.LinuxException;
import dev.supermachine.linux.NativeBlock;
import dev.supermachine.linux.OpenFile;
import java.nio.ByteBuffer;

/**
 * A machine of KVM. To be made in this order: memory, then {@link #setIntelAddresses}, then {@link #splitIrqchip}, then vCPUs; memory that comes after interrupt
 * controllers waits for milliseconds on many kernels. Thread-safe; {@link #close()} comes last, after that of the vCPUs.
 *
 * @since 0.1
 */
public final class VmFd implements AutoCloseable {

    private final OpenFile file;
    private final int runSize;
    private final int xsaveSize;

    /** What the structure of an order is laid out in, of one order at a time: the largest is the one for capabilities. */
    private final NativeBlock order = new NativeBlock(KvmEnableCap.SIZEOF);

    /** Takes the file over: it is also closed if this fails. */
    VmFd(OpenFile file, int runSize) {
        this.file = file;
        this.runSize = runSize;
        try {
            xsaveSize = Math.max(KvmLayout.KvmXsave.SIZEOF, check(KvmCapability.XSAVE2));
        } catch (RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    /**
     * Asks for a capability of this machine.
     *
     * @param capability which
     * @return 0 if it is lacking; else a value that depends on which it is, 1 as a rule
     */
    public int check(KvmCapability capability) {
        return file.ioctl("KVM_CHECK_EXTENSION", KvmRequest.KVM_CHECK_EXTENSION, capability.number());
    }

    /**
     * Gives the guest memory of this process, which must stay mapped as long as a vCPU may run.
     *
     * @param slot its number, from 0
     * @param guestAddress where the guest sees it, whole pages
     * @param size in bytes, whole pages
     * @param address where it begins in this process
     * @throws LinuxException if KVM refuses
     */
    public void setMemory(int slot, long guestAddress, long size, long address) {
        synchronized (order) {
            blankOrder()
                    .putInt(KvmUserspaceMemoryRegion.SLOT, slot)
                    .putLong(KvmUserspaceMemoryRegion.GUEST_PHYS_ADDR, guestAddress)
                    .putLong(KvmUserspaceMemoryRegion.MEMORY_SIZE, size)
                    .putLong(KvmUserspaceMemoryRegion.USERSPACE_ADDR, address);
            file.ioctl("KVM_SET_USER_MEMORY_REGION", KvmRequest.KVM_SET_USER_MEMORY_REGION, order);
        }
    }

    /**
     * Places what Intel processors without "unrestricted guest" need to run real mode.
     *
     * @param tss the begin of three pages that the guest has no memory at
     * @param identityMap the begin of one such page
     * @throws LinuxException if KVM refuses
     */
    public void setIntelAddresses(long tss, long identityMap) {
        synchronized (order) {
            blankOrder().putLong(0, identityMap);
            file.ioctl("KVM_SET_IDENTITY_MAP_ADDR", KvmRequest.KVM_SET_IDENTITY_MAP_ADDR, order);
        }
        file.ioctl("KVM_SET_TSS_ADDR", KvmRequest.KVM_SET_TSS_ADDR, tss);
    }

    /**
     * Gives every vCPU to come a local APIC in the kernel, and leaves the I/O APIC to us.
     *
     * @param pins how many interrupts the I/O APIC has
     * @throws LinuxException if KVM refuses, as it does once there is a vCPU
     */
    public void splitIrqchip(int pins) {
        synchronized (order) {
            blankOrder()
                    .putInt(KvmEnableCap.CAP, KvmCapability.SPLIT_IRQCHIP.number())
                    .putLong(KvmEnableCap.ARGS, pins);
            file.ioctl("KVM_ENABLE_CAP of KVM_CAP_SPLIT_IRQCHIP", KvmRequest.KVM_ENABLE_CAP, order);
        }
    }

    /**
     * Makes a vCPU. The one with id 0 runs when entered, others wait to be started by it.
     *
     * @param id its id, which is also that of its local APIC
     * @return it, open
     * @throws LinuxException if KVM refuses
     */
    public VcpuFd createVcpu(int id) {
        OpenFile vcpu = file.ioctlOpen("KVM_CREATE_VCPU", KvmRequest.KVM_CREATE_VCPU, id);
        return new VcpuFd(vcpu, runSize, xsaveSize > KvmLayout.KvmXsave.SIZEOF);
    }

    /**
     * Delivers a message signalled interrupt to the local APICs.
     *
     * @param address 0xFEE00000 and on, with the destination (Intel SDM vol. 3, 11.11)
     * @param data the vector and how to deliver it
     * @return whether any vCPU took it; false if the guest has it blocked
     * @throws LinuxException if KVM refuses
     */
    public boolean signalMsi(long address, int data) {
        int result;
        synchronized (order) {
            blankOrder()
                    .putInt(KvmMsi.ADDRESS_LO, (int) address)
                    .putInt(KvmMsi.ADDRESS_HI, (int) (address >>> 32))
                    .putInt(KvmMsi.DATA, data);
            // A field, so that it is not collected meanwhile.
            result = file.tryIoctl(KvmRequest.KVM_SIGNAL_MSI, order.address());
        }
        // To no local APIC at all: -1, which reads like EPERM.
        if (result < 0 && result != -LinuxException.EPERM) {
            throw new LinuxException("KVM_SIGNAL_MSI", -result);
        }
        return result > 0;
    }

    /**
     * The guest's clock.
     *
     * @return nanoseconds, as kvm-clock shows them
     * @throws LinuxException if KVM refuses
     */
    public long clock() {
        synchronized (order) {
            blankOrder();
            file.ioctl("KVM_GET_CLOCK", KvmRequest.KVM_GET_CLOCK, order);
            return order.bytes().getLong(KvmClockData.CLOCK);
        }
    }

    /**
     * Sets the guest's clock: it goes on from there, as if no time had passed.
     *
     * @param nanoseconds what {@link #clock()} said once
     * @throws LinuxException if KVM refuses
     */
    public void setClock(long nanoseconds) {
        synchronized (order) {
            blankOrder().putLong(KvmClockData.CLOCK, nanoseconds);
            file.ioctl("KVM_SET_CLOCK", KvmRequest.KVM_SET_CLOCK, order);
        }
    }

    private ByteBuffer blankOrder() {
        ByteBuffer bytes = order.bytes();
        for (int at = 0; at < KvmEnableCap.SIZEOF; at += Long.BYTES) {
            bytes.putLong(at, 0);
        }
        return bytes;
    }

    /**
     * How large {@link VcpuStruct#XSAVE} is on this machine.
     *
     * @return bytes, at least 4096
     */
    public int xsaveSize() {
        return xsaveSize;
    }

    /** Closes it. That takes milliseconds on some kernels, so not on a thread that somebody waits for. */
    @Override
    public void close() {
        file.close();
    }
}
