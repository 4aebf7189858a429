#include "stage.h"

#include <stdlib.h>
#include <unistd.h>

struct stage stage_read(struct reader *in)
{
    struct stage stage = {.file.fd = -1};
    uint32_t count = read_u32(in);
    for (uint32_t i = 0; i < count && !in->broken; i++) {
        char *path = read_string(in);
        if (*path != '/')
            in->broken = true;
        strings_add(&stage.paths, path);
        stage.modes = reallocate(stage.modes, (i + 1) * sizeof *stage.modes);
        stage.sizes = reallocate(stage.sizes, (i + 1) * sizeof *stage.sizes);
        stage.modes[i] = read_u32(in);
        stage.sizes[i] = read_u64(in);
    }
    return stage;
}

static int open_next(struct stage *stage, char **message)
{
    stage->file = (struct file_write){.fd = -1,
                                      .path = duplicate(stage->paths.items[stage->next]),
                                      .mode = stage->modes[stage->next],
                                      .uid = UINT32_MAX,
                                      .gid = UINT32_MAX};
    stage->left = stage->sizes[stage->next++];
    stage->open = true;
    return file_write_open(&stage->file, true, false, message);
}

static int finish_open(struct stage *stage, const struct identity *owner, char **message)
{
    /* An existing file keeps its owner: a command's user does not come by one of the system's like this. */
    if (stage->file.created && geteuid() == 0) {
        stage->file.uid = owner->uid;
        stage->file.gid = owner->gid;
    }
    int error = file_write_finish(&stage->file, message);
    file_write_free(&stage->file);
    stage->open = false;
    return error;
}

int stage_take(struct stage *stage, const struct identity *owner, const uint8_t **bytes, size_t *size, char **message)
{
    int error = 0;
    while (!error) {
        if (!stage->open) {
            if (stage->next == stage->paths.count)
                return 0;
            error = open_next(stage, message);
        } else if (!stage->left) {
            error = finish_open(stage, owner, message);
        } else if (*size) {
            size_t part = stage->left < *size ? (size_t)stage->left : *size;
            error = file_write_bytes(&stage->file, *bytes, part, message);
            *bytes += part;
            *size -= part;
            stage->left -= part;
        } else {
            return 0;
        }
    }
    return error;
}

bool stage_finished(const struct stage *stage) { return !stage->open && stage->next == stage->paths.count; }

void stage_free(struct stage *stage)
{
    file_write_free(&stage->file);
    strings_free(&stage->paths);
    free(stage->modes);
    free(stage->sizes);
    *stage = (struct stage){.file.fd = -1};
}
