/* Runs a target once over each file of the directories named, without a fuzzer. Says how many there were. */
#include "fuzz.h"

#include <dirent.h>
#include <limits.h>
#include <string.h>

static int compare(const void *one, const void *other) { return strcmp(*(char *const *)one, *(char *const *)other); }

static void replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(2);
    }
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    /* Of exactly this size, so that a read beyond it is seen. */
    uint8_t *data = malloc(size);
    if (size && (!data || fread(data, 1, size, file) != size)) {
        perror(path);
        exit(2);
    }
    fclose(file);
    /* Said before, for who dies of it. */
    fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
}

int main(int count, char **directories)
{
    size_t inputs = 0;
    for (int i = 1; i < count; i++) {
        DIR *directory = opendir(directories[i]);
        if (!directory) {
            perror(directories[i]);
            return 2;
        }
        char **names = NULL;
        size_t found = 0;
        for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
            if (*entry->d_name == '.')
                continue;
            names = realloc(names, (found + 1) * sizeof *names);
            names[found++] = strdup(entry->d_name);
        }
        closedir(directory);
        if (found)
            qsort(names, found, sizeof *names, compare);
        for (size_t at = 0; at < found; at++) {
            char path[PATH_MAX];
            snprintf(path, sizeof path, "%s/%s", directories[i], names[at]);
            replay(path);
            free(names[at]);
        }
        free(names);
        inputs += found;
    }
    printf("%zu inputs replayed\n", inputs);
    return inputs ? 0 : 2;
}
