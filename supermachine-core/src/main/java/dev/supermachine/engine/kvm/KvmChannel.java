package dev.supermachine.engine.kvm;

import dev.supermachine.engine.Channel;
import dev.supermachine.vmm.AgentPort;
import java.io.IOException;
import java.nio.ByteBuffer;

/** The port of a virtual machine in this process, as the core's channel. */
record KvmChannel(AgentPort port) implements Channel {

    @Override
    public int read(ByteBuffer target) throws IOException {
        return port.read(target);
    }

    @Override
    public void write(ByteBuffer source) throws IOException {
        port.write(source);
    }

    @Override
    public void close() {
        port.close();
    }
}
