/* workload.c as it is, and a way to begin again. */
#include "fuzz_session.h"

#include "workload.c"

void workload_reset(void)
{
    forget_configuration();
    strings_free(&image_env);
    strings_free(&kept_env);
    strings_free(&machine_env);
    configured = started = ended = false;
    process = NULL;
}
