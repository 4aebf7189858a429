#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

int terminal_open(uint16_t rows, uint16_t columns, const struct identity *identity, int *master)
{
    *master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*master < 0)
        return -1;
    int unlocked = 0;
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    int slave = -1;
    if (ioctl(*master, TIOCSPTLCK, &unlocked) == 0 && ioctl(*master, TIOCSWINSZ, &size) == 0)
        slave = ioctl(*master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0) {
        int error = errno;
        close(*master);
        errno = error;
        return -1;
    }
    if (geteuid() == 0 && fchown(slave, identity->uid, (gid_t)-1) < 0)
        say("fchown of a terminal: %s", strerror(errno));
    return slave;
}

void terminal_resize(int master, uint16_t rows, uint16_t columns)
{
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    if (ioctl(master, TIOCSWINSZ, &size) < 0)
        say("cannot resize a terminal: %s", strerror(errno));
}
