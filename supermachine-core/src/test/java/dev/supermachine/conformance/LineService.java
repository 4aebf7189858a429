package dev.supermachine.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.supermachine.Vm;
import java.io.IOException;

/**
 * One that is spoken to in lines.
 *
 * @param port where
 * @param hello a request that is always answered alike
 * @param helloAnswer the first line of that answer begins so
 * @param write the request that writes
 * @param written the answer to it
 * @param read the request for what was written
 * @param found the first line of its answer if it is there
 * @param missing that line if it is not
 */
record LineService(
        int port,
        String hello,
        String helloAnswer,
        String write,
        String written,
        String read,
        String found,
        String missing)
        implements Service {

    static LineService redis() {
        return new LineService(
                6379,
                "PING\r\n",
                "+PONG",
                "SET mark " + MARK + "\r\nSAVE\r\n",
                "+OK",
                "GET mark\r\n",
                "$" + MARK.length(),
                "$-1");
    }

    static LineService memcached() {
        return new LineService(
                11211,
                "version\r\n",
                "VERSION ",
                "set mark 0 0 " + MARK.length() + "\r\n" + MARK + "\r\n",
                "STORED",
                "get mark\r\n",
                "VALUE mark 0 " + MARK.length(),
                "END");
    }

    @Override
    public void answer(Vm vm) throws IOException {
        assertThat(firstLine(vm, hello)).startsWith(helloAnswer);
    }

    @Override
    public void write(Vm vm) throws IOException {
        try (Wire wire = new Wire(vm, port)) {
            wire.send(write);
            // some write with more than one request
            for (long requests =
                            write.lines().filter(line -> !line.equals(MARK)).count();
                    requests > 0;
                    requests--) {
                assertThat(wire.line()).isEqualTo(written);
            }
        }
    }

    @Override
    public boolean holds(Vm vm) throws IOException {
        String line = firstLine(vm, read);
        assertThat(line).isIn(found, missing);
        return line.equals(found);
    }

    private String firstLine(Vm vm, String request) throws IOException {
        try (Wire wire = new Wire(vm, port)) {
            wire.send(request);
            return wire.line();
        }
    }
}
