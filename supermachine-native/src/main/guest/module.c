#include "module.h"

#include "modinfo.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MODULES_MAX = 128, MODULE_SIZE_MAX = 64 * 1024 * 1024 };

struct module {
    char *path, *name, *depends;
    bool done;
};

static struct module modules[MODULES_MAX];
static size_t count;

static void add(const char *directory, const char *file_name)
{
    size_t size;
    struct module *module = &modules[count];
    module->path = format_text("%s/%s", directory, file_name);
    char *file = read_file(module->path, MODULE_SIZE_MAX, &size);
    if (!file)
        fatal("cannot read %s: %s", module->path, strerror(errno));
    module->name = modinfo_name_of(file_name);
    module->depends = modinfo_get((const uint8_t *)file, size, "depends");
    if (!module->depends)
        fatal("%s is not an uncompressed 64-bit kernel module", module->path);
    free(file);
    count++;
}

static void load(struct module *module)
{
    if (module->done)
        return;
    module->done = true; /* before the others: a circle must end somewhere */
    for (size_t i = 0; i < count; i++)
        if (modinfo_depends_on(module->depends, modules[i].name))
            load(&modules[i]);
    /* Left to itself it makes an interface dummy0 that nobody asked for. */
    const char *parameters = strcmp(module->name, "dummy") ? "" : "numdummies=0";
    size_t size;
    char *file = read_file(module->path, MODULE_SIZE_MAX, &size);
    /* Not fatal: a driver may find no device, or be built into this kernel. What really is missing fails by name. */
    if (!file || (syscall(SYS_init_module, file, size, parameters) < 0 && errno != EEXIST))
        say("cannot load module %s: %s", module->path, strerror(errno));
    free(file);
}

void modules_load(const char *directory)
{
    DIR *listing = opendir(directory);
    if (!listing) {
        say("no modules are loaded: %s: %s", directory, strerror(errno));
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(listing))) {
        size_t length = strlen(entry->d_name);
        if (length > 3 && !strcmp(entry->d_name + length - 3, ".ko") && count < MODULES_MAX)
            add(directory, entry->d_name);
    }
    closedir(listing);
    for (size_t i = 0; i < count; i++)
        load(&modules[i]);
    for (size_t i = 0; i < count; i++) {
        free(modules[i].path);
        free(modules[i].name);
        free(modules[i].depends);
    }
    count = 0;
}
