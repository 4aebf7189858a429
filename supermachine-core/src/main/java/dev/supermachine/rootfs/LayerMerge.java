package dev.supermachine.rootfs;

import dev.supermachine.tar.EntryType;
import dev.supermachine.tar.TarEntry;
import dev.supermachine.tar.TarReader;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * Applies the entries of all layers, bottom layer first, to one tree (OCI image specification, layer.md, "Applying Changesets"). Where the specification
 * leaves room, umoci's way is taken.
 */
final class LayerMerge {

    static final String WHITEOUT = ".wh.";
    private static final String OPAQUE = ".wh..wh..opq";
    private static final int MAX_NAME = 255;

    private final Dentry root = new Dentry(Inode.impliedDirectory(), -1);
    private PathResolver resolver = new PathResolver(root, false);
    private final TreeMemory memory;
    private int layer = -1;
    private int entryNumber;
    private long entries;
    private boolean extraFiles;
    private LayerErrors errors = new LayerErrors("none");

    LayerMerge() {
        this(Runtime.getRuntime().maxMemory() / 2);
    }

    /**
     * @param maxHeapBytes the most that the tree may take
     */
    LayerMerge(long maxHeapBytes) {
        memory = new TreeMemory(maxHeapBytes);
    }

    Inode root() {
        return root.inode;
    }

    /** How many entries were applied. */
    long entries() {
        return entries;
    }

    /** What {@link #apply} gets from now on belongs to the next layer. */
    void beginLayer(LayerErrors layerErrors) {
        layer++;
        entryNumber = 0;
        errors = layerErrors;
    }

    /** What {@link #apply} gets from now on are extra files, which may do less than a layer; nothing comes after them. */
    void beginExtraFiles(LayerErrors layerErrors) {
        beginLayer(layerErrors);
        extraFiles = true;
        resolver = new PathResolver(root, true);
    }

    void apply(TarEntry entry) {
        entries++;
        merge(entry, entryNumber++);
        if (memory.isBeyondLimit()) {
            throw errors.treeTooLarge(entry.name(), entries, memory);
        }
    }

    private void merge(TarEntry entry, int number) {
        List<String> path = PathResolver.clean(entry.name());
        if (path.isEmpty()) {
            if (entry.type() != EntryType.DIRECTORY) {
                throw errors.of(entry.name(), "is the root and not a directory. The layer is damaged or malicious.");
            }
            setMetadata(root.inode, entry);
            return;
        }
        String file = path.get(path.size() - 1);
        checkNames(path, entry.name());
        List<String> directory = resolver.resolve(path.subList(0, path.size() - 1), entry.name(), errors);
        if (extraFiles) {
            ExtraFilesRules.checkPlace(directory, file, entry, errors);
        }
        if (file.startsWith(WHITEOUT)) {
            whiteout(directory, file, entry.name());
            return;
        }
        List<Dentry> parents = makeDirectories(directory, entry.name());
        Inode parent = parents.get(parents.size() - 1).inode;
        Dentry existing = parent.entries().get(file);
        Dentry dentry;
        if (existing != null && existing.inode.isDirectory() && entry.type() == EntryType.DIRECTORY) {
            // Who puts a file into the image's /etc does not mean to give /etc the mode of some directory of the host.
            if (!extraFiles || existing.inode.layer == layer) {
                setMetadata(existing.inode, entry);
            }
            dentry = existing;
        } else {
            if (extraFiles && existing != null) {
                ExtraFilesRules.checkReplaced(existing.inode, entry, errors);
            }
            // Away first: a hard link to what it replaces, or to something below, has nothing to point to.
            remove(parent, file);
            dentry = new Dentry(entry.type() == EntryType.HARD_LINK ? linked(entry) : create(entry, number), layer);
            put(parent, file, dentry);
        }
        dentry.layer = layer;
        for (Dentry above : parents) {
            above.layer = layer;
        }
    }

    private void put(Inode directory, String name, Dentry dentry) {
        directory.entries().put(name, dentry);
        memory.add(name, dentry.inode);
    }

    private void remove(Inode directory, String name) {
        Dentry gone = directory.entries().remove(name);
        if (gone != null) {
            memory.remove(name, gone.inode);
        }
    }

    private void checkNames(List<String> path, String name) {
        for (String part : path) {
            if (part.length() > MAX_NAME) {
                throw errors.of(
                        name,
                        "one of its names is " + part.length() + " bytes long; at most " + MAX_NAME + " are possible.");
            }
        }
    }

    private Inode create(TarEntry entry, int number) {
        Inode inode = new Inode(entry.type(), layer, number);
        inode.size = entry.type() == EntryType.SYMLINK ? entry.linkName().length() : entry.size();
        inode.target = entry.linkName();
        if (inode.target.length() >= TarReader.MAX_PATH) {
            throw errors.of(
                    entry.name(),
                    "links to a path of " + inode.target.length() + " bytes; at most " + (TarReader.MAX_PATH - 1)
                            + " are possible.");
        }
        inode.deviceMajor = entry.deviceMajor();
        inode.deviceMinor = entry.deviceMinor();
        setMetadata(inode, entry);
        return inode;
    }

    private void setMetadata(Inode inode, TarEntry entry) {
        inode.mode = inode.type == EntryType.SYMLINK ? 0777 : entry.mode();
        inode.uid = entry.uid();
        inode.gid = entry.gid();
        inode.mtimeSeconds = entry.mtimeSeconds();
        inode.mtimeNanos = entry.mtimeNanos();
        byte[] xattrs = ErofsXattrs.encode(entry, errors);
        if (inode.names > 0) {
            memory.replaceXattrs(inode.xattrs, xattrs);
        }
        inode.xattrs = xattrs;
    }

    private Inode linked(TarEntry entry) {
        List<String> path = PathResolver.clean(entry.linkName());
        Dentry target = null;
        if (!path.isEmpty()) {
            List<String> directory =
                    new ArrayList<>(resolver.resolve(path.subList(0, path.size() - 1), entry.name(), errors));
            directory.add(path.get(path.size() - 1));
            target = resolver.find(directory);
        }
        if (target == null) {
            throw errors.of(
                    entry.name(),
                    "is a hard link to \"" + LayerErrors.printable(entry.linkName())
                            + "\", which does not exist in this layer or those below. The layer is damaged, or a layer"
                            + " below it is missing.");
        }
        if (target.inode.isDirectory()) {
            throw errors.of(
                    entry.name(),
                    "is a hard link to \"" + LayerErrors.printable(entry.linkName())
                            + "\", which is a directory; only files can have several names.");
        }
        return target.inode;
    }

    /** The root and the directories on the way, made where they do not exist. */
    private List<Dentry> makeDirectories(List<String> directory, String name) {
        List<Dentry> parents = new ArrayList<>(directory.size() + 1);
        Dentry at = root;
        parents.add(at);
        for (int i = 0; i < directory.size(); i++) {
            Dentry child = at.inode.entries().get(directory.get(i));
            if (child == null) {
                checkNames(directory, name);
                child = new Dentry(Inode.impliedDirectory(), layer);
                put(at.inode, directory.get(i), child);
            } else if (!child.inode.isDirectory()) {
                throw errors.parentIsNoDirectory(name, String.join("/", directory.subList(0, i + 1)));
            }
            at = child;
            parents.add(at);
        }
        return parents;
    }

    private void whiteout(List<String> directory, String file, String name) {
        Dentry parent = resolver.find(directory);
        if (parent == null || !parent.inode.isDirectory()) {
            return;
        }
        if (file.equals(OPAQUE)) {
            removeLower(parent.inode);
            return;
        }
        String hidden = file.substring(WHITEOUT.length());
        if (hidden.isEmpty() || hidden.equals(".") || hidden.equals("..")) {
            throw errors.of(name, "is a whiteout that names nothing. The layer is damaged or malicious.");
        }
        Dentry target = parent.inode.entries().get(hidden);
        if (target == null) {
            return;
        }
        if (target.layer != layer) {
            remove(parent.inode, hidden);
        } else if (target.inode.isDirectory()) {
            removeLower(target.inode);
        }
    }

    /** Removes what lower layers put into a directory; what this layer has put there stays, wherever in the layer the whiteout stands. */
    private void removeLower(Inode directory) {
        // Once is enough: what comes later is of this layer. Otherwise many whiteouts over many entries would take
        // forever.
        if (directory.onlyOf == layer) {
            return;
        }
        directory.onlyOf = layer;
        for (Iterator<Map.Entry<String, Dentry>> i =
                        directory.entries().entrySet().iterator();
                i.hasNext(); ) {
            Map.Entry<String, Dentry> child = i.next();
            Inode inode = child.getValue().inode;
            if (child.getValue().layer != layer) {
                memory.remove(child.getKey(), inode);
                i.remove();
            } else if (inode.isDirectory()) {
                removeLower(inode);
            }
        }
    }
}
