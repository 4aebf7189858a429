// A disk and a console behind memory-mapped registers, which do what the library's devices do: notifications are worked off before the guest's access ends,
// with one call of the kernel for each buffer of a read; the agent's port has a ring of 256 KiB in each direction, and wakes who waits for the same reasons.

#include "rawkvm.h"

enum {
    WINDOW = 0x1000,
    QUEUES = 6,
    CHAIN_MOST = 128,
    DRIVER_OK = 4,
    NEXT = 1,
    WRITE = 2,
    SECTOR = 512,
    CONTROL_TO_HOST = 3,
    TO_GUEST = 4,
    TO_HOST = 5,
    PORT_OPEN = 6,
};
#define FIRST_SLOT 0xd0000000UL

struct descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
};
struct available {
    uint16_t flags, index, ring[];
};
struct element {
    uint32_t id, length;
};
struct used {
    uint16_t flags, index;
    struct element ring[];
};

struct queue {
    uint32_t size;
    uint64_t addresses[3];
    bool ready, quiet, unpublished;
    uint16_t last, used;
    size_t progress;
    struct descriptor *table;
    struct available *available;
    struct used *used_ring;
};

struct device {
    struct devices *all;
    pthread_mutex_t lock;
    uint32_t status, selected, interrupts;
    struct queue queues[QUEUES];
    void (*notified)(struct device *device, uint32_t index, struct queue *queue);
};

struct ring {
    uint8_t bytes[RING_BYTES];
    size_t from, count;
};

struct devices {
    uint8_t *ram;
    int disk;
    size_t disk_size;
    struct device slots[2];
    pthread_cond_t moved;
    struct ring to_host, to_guest;
    bool reading, writing, guest_open, stalled;
};

struct chain {
    uint16_t head, count, writable_from;
    size_t readable, writable;
    struct descriptor parts[CHAIN_MOST];
};

// --- Rings ---

static void *guest(struct devices *devices, uint64_t address, uint64_t length) {
    if (address > size || length > size - address) fail("an address outside of the guest's memory");
    return devices->ram + address;
}

static uint16_t waiting(struct queue *queue) {
    uint16_t count = (uint16_t)(__atomic_load_n(&queue->available->index, __ATOMIC_ACQUIRE) - queue->last);
    if (count > queue->size) fail("more chains than a ring has");
    return count;
}

static void peek(struct devices *devices, struct queue *queue, struct chain *chain) {
    uint16_t index = queue->available->ring[queue->last & (queue->size - 1)];
    chain->head = index;
    chain->count = 0;
    chain->readable = chain->writable = 0;
    chain->writable_from = UINT16_MAX;
    while (true) {
        if (index >= queue->size || chain->count == queue->size) fail("a chain that is none");
        struct descriptor part = queue->table[index];
        guest(devices, part.address, part.length);
        if (part.flags & WRITE) {
            if (chain->writable_from == UINT16_MAX) chain->writable_from = chain->count;
            chain->writable += part.length;
        } else if (chain->writable_from != UINT16_MAX) {
            fail("a buffer to read behind one to write");
        } else {
            chain->readable += part.length;
        }
        chain->parts[chain->count++] = part;
        if (!(part.flags & NEXT)) break;
        index = part.next;
    }
    if (chain->writable_from == UINT16_MAX) chain->writable_from = chain->count;
}

/// As many bytes as lie in one piece at an offset behind some part, up to so many.
static uint8_t *piece(struct devices *devices, const struct chain *chain, uint16_t part, size_t offset, size_t *length) {
    while (offset >= chain->parts[part].length) offset -= chain->parts[part++].length;
    size_t there = chain->parts[part].length - offset;
    if (*length > there) *length = there;
    return devices->ram + chain->parts[part].address + offset;
}

static void use(struct queue *queue, uint16_t head, size_t written) {
    queue->used_ring->ring[queue->used & (queue->size - 1)] = (struct element){.id = head, .length = (uint32_t)written};
    queue->used++;
    queue->last++;
    queue->progress = 0;
    queue->unpublished = true;
}

static bool set_quiet(struct queue *queue, bool value) {
    if (queue->quiet == value) return false;
    queue->quiet = value;
    __atomic_store_n(&queue->used_ring->flags, value, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return true;
}

static void serve(struct device *device, uint32_t index) {
    struct queue *queue = &device->queues[index];
    if (!(device->status & DRIVER_OK) || !queue->ready) return;
    device->notified(device, index, queue);
    if (!queue->unpublished) return;
    queue->unpublished = false;
    __atomic_store_n(&queue->used_ring->index, queue->used, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!(__atomic_load_n(&queue->available->flags, __ATOMIC_RELAXED) & 1)) fail("a driver that wants to be interrupted");
}

// --- The disk ---

static void notified_disk(struct device *device, uint32_t index, struct queue *queue) {
    (void)index;
    struct devices *all = device->all;
    for (uint16_t left = waiting(queue); left > 0; left--) {
        struct chain chain;
        struct {
            uint32_t type, reserved;
            uint64_t sector;
        } header;
        peek(all, queue, &chain);
        if (chain.readable < sizeof header || chain.writable < 1) fail("a request without a header or a status");
        size_t length = sizeof header;
        memcpy(&header, piece(all, &chain, 0, 0, &length), sizeof header);
        if (length < sizeof header || header.type != 0) fail("a request that no tiny guest makes");
        size_t answer = chain.writable - 1;
        bool fits = answer % SECTOR == 0 && header.sector <= all->disk_size / SECTOR && answer / SECTOR <= all->disk_size / SECTOR - header.sector;
        for (size_t done = 0; fits && done < answer;) {
            size_t part = answer - done;
            uint8_t *target = piece(all, &chain, chain.writable_from, done, &part);
            if (pread(all->disk, target, part, (off_t)(header.sector * SECTOR + done)) != (ssize_t)part) fail("pread");
            done += part;
        }
        size_t one = 1;
        *piece(all, &chain, chain.writable_from, answer, &one) = fits ? 0 : 1;
        use(queue, chain.head, answer + 1);
    }
}

// --- The console ---

static size_t put(struct ring *ring, const uint8_t *bytes, size_t most) {
    size_t all = RING_BYTES - ring->count < most ? RING_BYTES - ring->count : most;
    for (size_t left = all; left > 0;) {
        size_t at = (ring->from + ring->count) % RING_BYTES, length = RING_BYTES - at < left ? RING_BYTES - at : left;
        memcpy(ring->bytes + at, bytes, length);
        bytes += length;
        ring->count += length;
        left -= length;
    }
    return all;
}

static size_t get(struct ring *ring, uint8_t *target, size_t most) {
    size_t all = ring->count < most ? ring->count : most;
    for (size_t left = all; left > 0;) {
        size_t length = RING_BYTES - ring->from < left ? RING_BYTES - ring->from : left;
        memcpy(target, ring->bytes + ring->from, length);
        target += length;
        ring->from = (ring->from + length) % RING_BYTES;
        ring->count -= length;
        left -= length;
    }
    if (ring->count == 0) ring->from = 0;
    return all;
}

/// Wakes those for whom it is enough to go on with.
static void moved(struct devices *all) {
    if ((all->reading && all->to_host.count > 0) || (all->writing && all->to_guest.count <= RING_BYTES / 2)) {
        all->reading = all->writing = false;
        pthread_cond_broadcast(&all->moved);
    }
}

static bool feeding(struct devices *all) { return all->guest_open && all->to_guest.count > 0; }

static void fill(struct devices *all, struct queue *queue) {
    for (uint16_t left = waiting(queue); left > 0 && feeding(all); left--) {
        struct chain chain;
        peek(all, queue, &chain);
        size_t length = chain.writable < all->to_guest.count ? chain.writable : all->to_guest.count;
        for (size_t done = 0; done < length;) {
            size_t part = length - done;
            uint8_t *target = piece(all, &chain, chain.writable_from, done, &part);
            done += get(&all->to_guest, target, part);
        }
        use(queue, chain.head, length);
    }
    moved(all);
}

static void take(struct devices *all, struct queue *queue) {
    all->stalled = false;
    for (uint16_t left = waiting(queue); left > 0 && !all->stalled; left--) {
        struct chain chain;
        peek(all, queue, &chain);
        while (queue->progress < chain.readable && all->to_host.count < RING_BYTES) {
            size_t part = chain.readable - queue->progress;
            uint8_t *bytes = piece(all, &chain, 0, queue->progress, &part);
            queue->progress += put(&all->to_host, bytes, part);
        }
        all->stalled = queue->progress < chain.readable;
        if (!all->stalled) use(queue, chain.head, 0);
    }
    moved(all);
}

static void take_control(struct devices *all, struct queue *queue) {
    for (uint16_t left = waiting(queue); left > 0; left--) {
        struct chain chain;
        struct {
            uint32_t id;
            uint16_t event, value;
        } message;
        size_t length = sizeof message;
        peek(all, queue, &chain);
        memcpy(&message, piece(all, &chain, 0, 0, &length), sizeof message);
        if (message.id == 1 && message.event == PORT_OPEN) all->guest_open = message.value != 0;
        use(queue, chain.head, 0);
    }
}

static void notified_console(struct device *device, uint32_t index, struct queue *queue) {
    struct devices *all = device->all;
    if (index == TO_HOST) {
        take(all, queue);
    } else if (index == CONTROL_TO_HOST) {
        take_control(all, queue);
        serve(device, TO_GUEST);
    } else if (index == TO_GUEST) {
        fill(all, queue);
        if (set_quiet(queue, !feeding(all))) fill(all, queue);
    }
}

size_t read_agent(struct devices *all, uint8_t *target, size_t most) {
    struct device *console = &all->slots[1];
    size_t length;
    pthread_mutex_lock(&console->lock);
    while ((length = get(&all->to_host, target, most)) == 0) {
        all->reading = true;
        pthread_cond_wait(&all->moved, &console->lock);
    }
    if (all->stalled && all->to_host.count <= RING_BYTES / 2) serve(console, TO_HOST);
    pthread_mutex_unlock(&console->lock);
    return length;
}

void write_agent(struct devices *all, const uint8_t *bytes, size_t length) {
    struct device *console = &all->slots[1];
    pthread_mutex_lock(&console->lock);
    while (true) {
        size_t more;
        while ((more = put(&all->to_guest, bytes, length)) > 0) {
            bytes += more;
            length -= more;
            serve(console, TO_GUEST);
        }
        if (length == 0) break;
        all->writing = true;
        pthread_cond_wait(&all->moved, &console->lock);
    }
    pthread_mutex_unlock(&console->lock);
}

// --- Registers ---

static void reset_device(struct device *device) {
    memset(device->queues, 0, sizeof device->queues);
    device->status = device->selected = device->interrupts = 0;
    device->all->guest_open = device->all->stalled = false;
}

static void start_queue(struct devices *all, struct queue *queue) {
    queue->table = guest(all, queue->addresses[0], 16 * queue->size);
    queue->available = guest(all, queue->addresses[1], 6 + 2 * queue->size);
    queue->used_ring = guest(all, queue->addresses[2], 6 + 8 * queue->size);
    queue->ready = queue->size > 0 && queue->size <= CHAIN_MOST;
}

static void write_register(struct device *device, uint32_t at, uint32_t value) {
    struct queue *queue = &device->queues[device->selected % QUEUES];
    if (at == 0x050 && value < QUEUES) {
        serve(device, value);
    } else if (at == 0x070) {
        if (value == 0) reset_device(device);
        device->status |= value;
    } else if (at == 0x030) {
        device->selected = value;
    } else if (at == 0x038) {
        queue->size = value;
    } else if (at == 0x044) {
        start_queue(device->all, queue);
    } else if (at == 0x080 || at == 0x090 || at == 0x0a0) {
        queue->addresses[(at - 0x080) / 0x10] = value; // their high halves are 0
    } else if (at == 0x064) {
        device->interrupts &= ~value;
    }
}

void handle_memory(struct devices *all, struct kvm_run *run) {
    uint64_t at = run->mmio.phys_addr - FIRST_SLOT;
    if (!run->mmio.is_write || run->mmio.len != 4 || at >= 2 * WINDOW) fail("an access that no tiny guest makes");
    struct device *device = &all->slots[at / WINDOW];
    uint32_t value;
    memcpy(&value, run->mmio.data, sizeof value);
    pthread_mutex_lock(&device->lock);
    write_register(device, at % WINDOW, value);
    pthread_mutex_unlock(&device->lock);
}

struct devices *make_devices(const char *disk, uint8_t *ram) {
    struct devices *all = calloc(1, sizeof *all);
    struct stat status;
    all->ram = ram;
    all->disk = checked(open(disk, O_RDONLY | O_CLOEXEC), disk);
    checked(fstat(all->disk, &status), "fstat");
    all->disk_size = (size_t)status.st_size;
    pthread_cond_init(&all->moved, NULL);
    for (int slot = 0; slot < 2; slot++) {
        all->slots[slot].all = all;
        pthread_mutex_init(&all->slots[slot].lock, NULL);
    }
    all->slots[0].notified = notified_disk;
    all->slots[1].notified = notified_console;
    return all;
}
