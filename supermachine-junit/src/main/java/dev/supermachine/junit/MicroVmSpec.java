package dev.supermachine.junit;

import dev.supermachine.Image;
import dev.supermachine.OciImageBuilder;
import dev.supermachine.Warmup;
import dev.supermachine.image.Images;
import dev.supermachine.settings.Settings;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.ReflectionSupport;

/** The values of a {@link MicroVm}: tests with equal values share an image and a pool. */
record MicroVmSpec(
        String image,
        List<Integer> ports,
        List<WaitFor> waitFor,
        int memoryMib,
        int vcpus,
        List<String> env,
        List<String> cmd,
        List<String> extraFiles,
        List<String> volumes,
        List<String> kernelArgs,
        Class<? extends Warmup> warmup,
        String warmupTag,
        String name,
        String engine,
        boolean disabledWithoutEngine) {

    /** What holds for a class: its own annotation, a superclass's or a composed one, else that of the nearest enclosing class. */
    static Optional<MicroVmSpec> of(Class<?> testClass) {
        for (Class<?> type = testClass; type != null; type = type.getEnclosingClass()) {
            Optional<MicroVm> annotation = AnnotationSupport.findAnnotation(type, MicroVm.class);
            if (annotation.isPresent()) {
                return annotation.map(MicroVmSpec::of);
            }
        }
        return Optional.empty();
    }

    private static MicroVmSpec of(MicroVm annotation) {
        return new MicroVmSpec(
                annotation.image(),
                Arrays.stream(annotation.port()).boxed().toList(),
                List.of(annotation.waitFor()),
                annotation.memoryMib(),
                annotation.vcpus(),
                List.of(annotation.env()),
                List.of(annotation.cmd()),
                List.of(annotation.extraFiles()),
                List.of(annotation.volumes()),
                List.of(annotation.kernelArgs()),
                annotation.warmup(),
                annotation.warmupTag(),
                annotation.name(),
                annotation.engine(),
                annotation.disabledWithoutEngine());
    }

    /** Bakes or reuses the image. */
    Image bake(Settings settings) {
        OciImageBuilder builder =
                Images.builder(image, settings).withMemoryMib(memoryMib).withVcpus(vcpus);
        if (!ports.isEmpty()) {
            builder.withGuestPort(ports.get(0));
        }
        Waits.of(waitFor, !ports.isEmpty()).ifPresent(builder::withWait);
        if (!cmd.isEmpty()) {
            builder.withCmd(cmd.toArray(String[]::new));
        }
        for (String variable : env) {
            int equals = variable.indexOf('=');
            if (equals < 1) {
                throw new ExtensionConfigurationException("@MicroVm(env) expects NAME=value, but one entry has "
                        + (equals == 0 ? "no name" : "no '=': '" + variable + "'"));
            }
            builder.withEnv(variable.substring(0, equals), variable.substring(equals + 1));
        }
        for (String file : extraFiles) {
            // The guest's path is absolute, so what is before its slash belongs to the host.
            int colon = file.lastIndexOf(":/");
            if (colon < 1) {
                throw new ExtensionConfigurationException(
                        "@MicroVm(extraFiles) expects HOST:GUEST, a path of this host and an"
                                + " absolute one in the machine, but one entry is: '" + file + "'");
            }
            builder.withExtraFile(Path.of(file.substring(0, colon)), file.substring(colon + 1));
        }
        volumes.forEach(volume -> builder.withVolume(VolumeText.parse(volume)));
        kernelArgs.forEach(builder::withExtraKernelArg);
        if (warmup != Warmup.class) {
            builder.withWarmup(newWarmup());
        }
        if (!warmupTag.isEmpty()) {
            builder.withWarmupTag(warmupTag);
        }
        if (!name.isEmpty()) {
            builder.withName(name);
        }
        if (!engine.isEmpty()) {
            builder.withEngine(engine);
        }
        return builder.build();
    }

    private Warmup newWarmup() {
        try {
            return ReflectionSupport.newInstance(warmup);
        } catch (Exception e) {
            // checked ones come out undeclared
            throw new ExtensionConfigurationException(
                    "@MicroVm(warmup) needs a class that can be made without parameters, such as a static nested class, but "
                            + warmup.getName() + " cannot: " + e,
                    e);
        }
    }
}
