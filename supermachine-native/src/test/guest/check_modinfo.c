#include "check.h"

#include "modinfo.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static const char INFO[] = "license=GPL\0depends=virtio,virtio-ring\0name=virtio_blk\0empty=";

/* The smallest ELF file with a section .modinfo. */
static struct buffer sample(void)
{
    static const char names[] = "\0.shstrtab\0.modinfo";
    Elf64_Ehdr header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB},
                         .e_shoff = sizeof header, .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 3, .e_shstrndx = 1};
    uint64_t data = sizeof header + 3 * sizeof(Elf64_Shdr);
    Elf64_Shdr sections[3] = {
        {0},
        {.sh_name = 1, .sh_offset = data, .sh_size = sizeof names},
        {.sh_name = 11, .sh_offset = data + sizeof names, .sh_size = sizeof INFO},
    };
    struct buffer file = {0};
    put_bytes(&file, &header, sizeof header);
    put_bytes(&file, sections, sizeof sections);
    put_bytes(&file, names, sizeof names);
    put_bytes(&file, INFO, sizeof INFO);
    return file;
}

static void value(const struct buffer *file, const char *tag, const char *wanted)
{
    char *found = modinfo_get(file->data, file->size, tag);
    if (wanted)
        CHECK_TEXT(found, wanted);
    else
        CHECK(!found);
    free(found);
}

void check_modinfo(void)
{
    struct buffer file = sample();
    value(&file, "depends", "virtio,virtio-ring");
    value(&file, "name", "virtio_blk");
    value(&file, "empty", "");
    value(&file, "nam", NULL);
    value(&file, "alias", NULL);
    for (size_t size = 0; size < file.size; size++) { /* cut anywhere: no answer, no access behind the end */
        uint8_t *cut = allocate(size);
        memcpy(cut, file.data, size);
        char *found = modinfo_get(cut, size, "depends");
        CHECK(!found);
        free(found);
        free(cut);
    }
    uint64_t state = 3;
    for (size_t round = 0; round < fuzz_rounds(); round++) {
        uint8_t *copy = allocate(file.size);
        memcpy(copy, file.data, file.size);
        random_mutate(&state, copy, file.size);
        free(modinfo_get(copy, file.size, "depends"));
        free(copy);
    }
    buffer_free(&file);

    char *name = modinfo_name_of("/lib/modules/virtio-rng.ko");
    CHECK_TEXT(name, "virtio_rng");
    free(name);
    CHECK(modinfo_depends_on("virtio,virtio-ring", "virtio_ring"));
    CHECK(modinfo_depends_on("virtio,virtio_ring", "virtio"));
    CHECK(!modinfo_depends_on("virtio_ring", "virtio"));
    CHECK(!modinfo_depends_on("virtio", "virtio_ring"));
    CHECK(!modinfo_depends_on("", "virtio"));
    CHECK(!modinfo_depends_on(",,", "virtio"));
}
