#include "modinfo.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

/* `count` bytes at an offset, or NULL if they are not all inside the file. */
static const uint8_t *slice(const uint8_t *file, size_t size, uint64_t offset, uint64_t count)
{
    return offset <= size && count <= size - offset ? file + offset : NULL;
}

static bool section_header(const uint8_t *file, size_t size, const Elf64_Ehdr *header, uint64_t index, Elf64_Shdr *out)
{
    if (index >= header->e_shnum || header->e_shoff > size)
        return false;
    const uint8_t *at = slice(file, size, header->e_shoff + index * sizeof *out, sizeof *out);
    if (at)
        memcpy(out, at, sizeof *out);
    return at != NULL;
}

static const char *find_section(const uint8_t *file, size_t size, const char *name, uint64_t *length)
{
    Elf64_Ehdr header;
    Elf64_Shdr names, section;
    const uint8_t *at = slice(file, size, 0, sizeof header);
    if (!at)
        return NULL;
    memcpy(&header, at, sizeof header);
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_ident[EI_CLASS] != ELFCLASS64 ||
        header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_shentsize != sizeof section ||
        !section_header(file, size, &header, header.e_shstrndx, &names))
        return NULL;
    const uint8_t *strings = slice(file, size, names.sh_offset, names.sh_size);
    size_t wanted = strlen(name) + 1;
    for (uint64_t i = 0; strings && section_header(file, size, &header, i, &section); i++) {
        if (section.sh_name >= names.sh_size || names.sh_size - section.sh_name < wanted ||
            memcmp(strings + section.sh_name, name, wanted))
            continue;
        *length = section.sh_size;
        return (const char *)slice(file, size, section.sh_offset, section.sh_size);
    }
    return NULL;
}

char *modinfo_get(const uint8_t *file, size_t size, const char *tag)
{
    uint64_t length = 0;
    const char *at = find_section(file, size, ".modinfo", &length);
    const char *end = at ? at + length : NULL;
    size_t tag_length = strlen(tag);
    while (at && at < end) {
        size_t entry = strnlen(at, (size_t)(end - at));
        if (entry > tag_length && !memcmp(at, tag, tag_length) && at[tag_length] == '=') {
            size_t value = entry - tag_length - 1;
            char *text = allocate(value + 1);
            memcpy(text, at + tag_length + 1, value);
            return text;
        }
        at += entry + (entry < (size_t)(end - at));
    }
    return NULL;
}

char *modinfo_name_of(const char *file_name)
{
    const char *slash = strrchr(file_name, '/');
    char *name = duplicate(slash ? slash + 1 : file_name);
    char *suffix = strstr(name, ".ko");
    if (suffix)
        *suffix = 0;
    for (char *c = name; *c; c++)
        if (*c == '-')
            *c = '_';
    return name;
}

bool modinfo_depends_on(const char *depends, const char *name)
{
    while (*depends) {
        size_t length = strcspn(depends, ","), i = 0;
        while (i < length && name[i] && (depends[i] == name[i] || (depends[i] == '-' && name[i] == '_')))
            i++;
        if (i == length && !name[i])
            return true;
        depends += length + (depends[length] == ',');
    }
    return false;
}
