#include "network.h"

#include "util.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char INTERFACE[] = "sm0";

/* A netlink request with room for its attributes (linux/netlink.h, linux/rtnetlink.h). */
struct request {
    struct nlmsghdr header;
    union {
        struct ifinfomsg link;
        struct ifaddrmsg address;
    } body;
    char attributes[256];
};

static struct rtattr *add_attribute(struct request *request, unsigned short type, const void *data, size_t size)
{
    char *end = (char *)request + NLMSG_ALIGN(request->header.nlmsg_len);
    struct rtattr *attribute = (struct rtattr *)(void *)end;
    attribute->rta_type = type;
    attribute->rta_len = (unsigned short)RTA_LENGTH(size);
    if (size)
        memcpy(RTA_DATA(attribute), data, size);
    request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
    return attribute;
}

/* Sends it and waits for the kernel's acknowledgement; 0 or the errno. */
static int ask(struct request *request)
{
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
        char rest[512];
    } reply;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        return errno;
    int error = 0;
    request->header.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
    if (send(fd, request, request->header.nlmsg_len, 0) < 0)
        error = errno;
    else if (recv(fd, &reply, sizeof reply, 0) < (ssize_t)(sizeof reply.header + sizeof reply.error.error))
        error = EPROTO;
    else if (reply.header.nlmsg_type == NLMSG_ERROR)
        error = -reply.error.error;
    close(fd);
    return error;
}

static int create_dummy(void)
{
    struct request request = {
        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof request.body.link), .nlmsg_type = RTM_NEWLINK,
                   .nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL},
        .body.link = {.ifi_family = AF_UNSPEC},
    };
    add_attribute(&request, IFLA_IFNAME, INTERFACE, sizeof INTERFACE);
    struct rtattr *info = add_attribute(&request, IFLA_LINKINFO, NULL, 0);
    struct rtattr *kind = add_attribute(&request, IFLA_INFO_KIND, "dummy", sizeof "dummy");
    info->rta_len = (unsigned short)(RTA_LENGTH(0) + RTA_ALIGN(kind->rta_len));
    return ask(&request);
}

/* Where the kernel has no dummy interfaces. The descriptor is kept for ever: without it the interface has no carrier. */
static int create_tun(void)
{
    mkdir("/dev/net", 0755);
    if (mknod("/dev/net/tun", S_IFCHR | 0666, makedev(10, 200)) < 0 && errno != EEXIST)
        return errno;
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return errno;
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    strcpy(request.ifr_name, INTERFACE);
    int error = ioctl(fd, TUNSETIFF, &request) < 0 ? errno : 0;
    if (error)
        close(fd);
    return error;
}

static int bring_up(const char *interface)
{
    struct ifreq request = {0};
    strncpy(request.ifr_name, interface, sizeof request.ifr_name - 1);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    int error = 0;
    if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
        error = errno;
    request.ifr_flags |= IFF_UP;
    if (!error && ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        error = errno;
    close(fd);
    return error;
}

static int add_address(int family, const char *text, unsigned char prefix)
{
    unsigned char bytes[16];
    size_t size = family == AF_INET ? 4 : 16;
    struct request request = {
        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof request.body.address), .nlmsg_type = RTM_NEWADDR,
                   .nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE},
        .body.address = {.ifa_family = (unsigned char)family, .ifa_prefixlen = prefix, .ifa_flags = IFA_F_NODAD,
                         .ifa_index = if_nametoindex(INTERFACE)},
    };
    inet_pton(family, text, bytes);
    add_attribute(&request, IFA_LOCAL, bytes, size);
    add_attribute(&request, IFA_ADDRESS, bytes, size);
    return ask(&request);
}

static void must(int error, const char *what)
{
    if (error)
        fatal("cannot %s: %s", what, strerror(error));
}

void network_up(void)
{
    must(bring_up("lo"), "bring the loopback interface up"); /* the kernel gives it 127.0.0.1 and ::1 itself */
    int error = create_dummy();
    if (error && create_tun())
        fatal("cannot create the interface %s, neither as a dummy (%s) nor by /dev/net/tun", INTERFACE, strerror(error));
    must(bring_up(INTERFACE), "bring the interface sm0 up");
    must(add_address(AF_INET, "10.107.0.2", 32), "give sm0 its IPv4 address");
    must(add_address(AF_INET6, "fd00:736d::2", 128), "give sm0 its IPv6 address");
    /* As other container runtimes do: images count on binding to port 80 without being root, and on ping. */
    write_file("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
    write_file("/proc/sys/net/ipv4/ping_group_range", "0 2147483647");
}
