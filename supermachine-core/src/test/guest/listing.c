/*
 * Prints the canonical listing of a directory tree (docs/rootfs.md, "The listing"): one line per entry, sorted by the bytes of the path.
 * Static, without dependencies, so that the same program lists a tree on the host and inside a guest.
 *
 *   musl-gcc -static -O2 -Wall -Wextra -Werror -o listing listing.c
 *   listing ROOT [DEVICE]      with a device, mounts it read-only as EROFS at ROOT first
 *
 * Directories on another device than ROOT are mount points of other file systems: named on standard error and left out.
 * Any error ends the program with status 1, so a listing that is there is whole.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

struct entry {
	char *path; /* below the root, beginning with '/' */
	struct stat st;
};

static struct entry *entries;
static size_t entry_count, entry_capacity;
static const char *root;
static dev_t root_device;

static void fail(const char *what, const char *path)
{
	fprintf(stderr, "listing: %s %s: %s\n", what, path, strerror(errno));
	exit(1);
}

static void *allocate(void *old, size_t size)
{
	void *memory = realloc(old, size ? size : 1);
	if (!memory)
		fail("out of memory at", "realloc");
	return memory;
}

/* ---- SHA-256, FIPS 180-4 ---- */

struct sha256 {
	uint32_t state[8];
	uint64_t length;
	unsigned char block[64];
};

static const uint32_t SHA256_K[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

/* One round; the eight variables change their roles from call to call instead of being moved. */
#define ROUND(a, b, c, d, e, f, g, h, i)                                                              \
	do {                                                                                          \
		uint32_t t = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + \
			     SHA256_K[i] + w[i];                                                      \
		d += t;                                                                               \
		h = t + (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c)); \
	} while (0)

static void sha256_block(struct sha256 *s, const unsigned char *p)
{
	uint32_t w[64], *v = s->state;
	uint32_t a = v[0], b = v[1], c = v[2], d = v[3], e = v[4], f = v[5], g = v[6], h = v[7];
	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 | (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
	for (int i = 16; i < 64; i++) {
		uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
		uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
		w[i] = w[i - 16] + s0 + w[i - 7] + s1;
	}
	for (int i = 0; i < 64; i += 8) {
		ROUND(a, b, c, d, e, f, g, h, i);
		ROUND(h, a, b, c, d, e, f, g, i + 1);
		ROUND(g, h, a, b, c, d, e, f, i + 2);
		ROUND(f, g, h, a, b, c, d, e, i + 3);
		ROUND(e, f, g, h, a, b, c, d, i + 4);
		ROUND(d, e, f, g, h, a, b, c, i + 5);
		ROUND(c, d, e, f, g, h, a, b, i + 6);
		ROUND(b, c, d, e, f, g, h, a, i + 7);
	}
	v[0] += a, v[1] += b, v[2] += c, v[3] += d, v[4] += e, v[5] += f, v[6] += g, v[7] += h;
}

static void sha256_begin(struct sha256 *s)
{
	static const uint32_t initial[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
	memcpy(s->state, initial, sizeof initial);
	s->length = 0;
}

static void sha256_add(struct sha256 *s, const unsigned char *data, size_t size)
{
	while (size > 0) {
		size_t used = s->length % 64;
		if (used == 0 && size >= 64) {
			sha256_block(s, data);
			s->length += 64;
			data += 64;
			size -= 64;
			continue;
		}
		size_t part = size < 64 - used ? size : 64 - used;
		memcpy(s->block + used, data, part);
		s->length += part;
		data += part;
		size -= part;
		if (used + part == 64)
			sha256_block(s, s->block);
	}
}

static void sha256_print(struct sha256 *s)
{
	uint64_t bits = s->length * 8;
	unsigned char tail[8];
	sha256_add(s, (const unsigned char *)"\x80", 1);
	while (s->length % 64 != 56)
		sha256_add(s, (const unsigned char *)"\0", 1);
	for (int i = 0; i < 8; i++)
		tail[i] = (unsigned char)(bits >> (56 - 8 * i));
	sha256_add(s, tail, sizeof tail);
	for (int i = 0; i < 8; i++)
		printf("%08x", s->state[i]);
}

/* ---- the walk ---- */

static char *join(const char *a, const char *b)
{
	size_t length = strlen(a) + strlen(b) + 1;
	if (length > PATH_MAX) {
		errno = ENAMETOOLONG;
		fail("cannot list below", a);
	}
	char *path = allocate(NULL, length);
	strcpy(path, a);
	strcat(path, b);
	return path;
}

static void add(char *path, const struct stat *st)
{
	if (entry_count == entry_capacity) {
		entry_capacity = entry_capacity ? 2 * entry_capacity : 1024;
		entries = allocate(entries, entry_capacity * sizeof *entries);
	}
	entries[entry_count].path = path;
	entries[entry_count++].st = *st;
}

static void walk(const char *path)
{
	char *real = join(root, path);
	DIR *directory = opendir(real);
	if (!directory)
		fail("cannot open", real);
	for (;;) {
		errno = 0;
		struct dirent *found = readdir(directory);
		if (!found) {
			if (errno)
				fail("cannot read", real);
			break;
		}
		if (!strcmp(found->d_name, ".") || !strcmp(found->d_name, ".."))
			continue;
		char *below = join(path, "/");
		char *child = join(below, found->d_name);
		char *real_child = join(root, child);
		struct stat st;
		free(below);
		if (lstat(real_child, &st))
			fail("cannot stat", real_child);
		if (S_ISDIR(st.st_mode) && st.st_dev != root_device) {
			fprintf(stderr, "listing: %s is a mount point and left out\n", child);
			free(child);
		} else {
			add(child, &st);
			if (S_ISDIR(st.st_mode))
				walk(child);
		}
		free(real_child);
	}
	closedir(directory);
	free(real);
}

/* ---- the lines ---- */

static void print_escaped(const char *text, size_t length, const char *also)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c <= ' ' || c > '~' || c == '\\' || strchr(also, c))
			printf("\\x%02x", c);
		else
			putchar(c);
	}
}

static char type_letter(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG: return 'f';
	case S_IFDIR: return 'd';
	case S_IFLNK: return 'l';
	case S_IFCHR: return 'c';
	case S_IFBLK: return 'b';
	case S_IFIFO: return 'p';
	case S_IFSOCK: return 's';
	default: return '?';
	}
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void print_xattrs(const char *real)
{
	ssize_t size = llistxattr(real, NULL, 0);
	if (size < 0 && errno != ENOTSUP)
		fail("cannot list the extended attributes of", real);
	if (size <= 0) {
		putchar('-');
		return;
	}
	char *list = allocate(NULL, (size_t)size);
	size = llistxattr(real, list, (size_t)size);
	if (size < 0)
		fail("cannot list the extended attributes of", real);
	size_t count = 0;
	char **names = NULL;
	for (char *name = list; name < list + size; name += strlen(name) + 1) {
		names = allocate(names, (count + 1) * sizeof *names);
		names[count++] = name;
	}
	qsort(names, count, sizeof *names, compare_names);
	for (size_t i = 0; i < count; i++) {
		ssize_t length = lgetxattr(real, names[i], NULL, 0);
		if (length < 0)
			fail("cannot read an extended attribute of", real);
		unsigned char *value = allocate(NULL, (size_t)length);
		length = lgetxattr(real, names[i], value, (size_t)length);
		if (length < 0)
			fail("cannot read an extended attribute of", real);
		if (i)
			putchar(',');
		print_escaped(names[i], strlen(names[i]), "=,");
		putchar('=');
		for (ssize_t k = 0; k < length; k++)
			printf("%02x", value[k]);
		free(value);
	}
	free(names);
	free(list);
}

static void print_target(const char *real, off_t size)
{
	char *target = allocate(NULL, (size_t)size + 1);
	ssize_t length = readlink(real, target, (size_t)size + 1);
	if (length < 0 || length != size)
		fail("cannot read the link", real);
	print_escaped(target, (size_t)length, "");
	free(target);
}

static void print_hash(const char *real, off_t size)
{
	static unsigned char buffer[1 << 16];
	struct sha256 sum;
	off_t total = 0;
	int fd = open(real, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		fail("cannot open", real);
	sha256_begin(&sum);
	for (;;) {
		ssize_t count = read(fd, buffer, sizeof buffer);
		if (count < 0)
			fail("cannot read", real);
		if (count == 0)
			break;
		sha256_add(&sum, buffer, (size_t)count);
		total += count;
	}
	close(fd);
	if (total != size) {
		errno = EIO;
		fail("its length is not its size:", real);
	}
	sha256_print(&sum);
}

static void print_entry(const struct entry *entry, const char *first_name)
{
	const struct stat *st = &entry->st;
	char *real = join(root, entry->path);
	print_escaped(entry->path, strlen(entry->path), "");
	printf(" %c %04o %lu %lu", type_letter(st->st_mode), (unsigned)(st->st_mode & 07777), (unsigned long)st->st_uid,
	       (unsigned long)st->st_gid);
	if (S_ISREG(st->st_mode) || S_ISLNK(st->st_mode))
		printf(" %lld", (long long)st->st_size);
	else
		printf(" -");
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		printf(" %u:%u", (unsigned)major(st->st_rdev), (unsigned)minor(st->st_rdev));
	else
		printf(" -");
	printf(" %lld.%09ld ", (long long)st->st_mtim.tv_sec, (long)st->st_mtim.tv_nsec);
	if (first_name)
		print_escaped(first_name, strlen(first_name), "");
	else
		putchar('-');
	putchar(' ');
	print_xattrs(real);
	putchar(' ');
	if (S_ISLNK(st->st_mode))
		print_target(real, st->st_size);
	else
		putchar('-');
	putchar(' ');
	if (S_ISREG(st->st_mode))
		print_hash(real, st->st_size);
	else
		putchar('-');
	putchar('\n');
	free(real);
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static int compare_inodes(const void *a, const void *b)
{
	const struct entry *x = &entries[*(const size_t *)a], *y = &entries[*(const size_t *)b];
	if (x->st.st_dev != y->st.st_dev)
		return x->st.st_dev < y->st.st_dev ? -1 : 1;
	if (x->st.st_ino != y->st.st_ino)
		return x->st.st_ino < y->st.st_ino ? -1 : 1;
	return *(const size_t *)a < *(const size_t *)b ? -1 : 1;
}

/* For each entry with several names in the tree the first of them, otherwise NULL. */
static const char **link_groups(void)
{
	const char **first = allocate(NULL, entry_count * sizeof *first);
	size_t *order = allocate(NULL, entry_count * sizeof *order);
	for (size_t i = 0; i < entry_count; i++) {
		order[i] = i;
		first[i] = NULL;
	}
	qsort(order, entry_count, sizeof *order, compare_inodes);
	for (size_t i = 0; i < entry_count;) {
		const struct stat *st = &entries[order[i]].st;
		size_t end = i + 1;
		while (end < entry_count && entries[order[end]].st.st_dev == st->st_dev &&
		       entries[order[end]].st.st_ino == st->st_ino)
			end++;
		for (size_t k = i; end - i > 1 && k < end; k++)
			first[order[k]] = entries[order[i]].path;
		i = end;
	}
	free(order);
	return first;
}

int main(int argc, char **argv)
{
	struct stat st;
	if (argc != 2 && argc != 3) {
		fprintf(stderr, "usage: listing ROOT [DEVICE]\n");
		return 2;
	}
	if (argc == 3) {
		/* Inside a guest "/" is an overlay; the device below it is mounted once more, to see it alone. */
		mkdir(argv[1], 0700);
		if (mount(argv[2], argv[1], "erofs", MS_RDONLY, NULL))
			fail("cannot mount", argv[2]);
	}
	/* "/" is taken as "", so that joining paths gives no "//". */
	root = strcmp(argv[1], "/") ? argv[1] : "";
	if (lstat(argv[1], &st) || !S_ISDIR(st.st_mode))
		fail("cannot list (not a directory?)", argv[1]);
	root_device = st.st_dev;
	walk("");
	/* "/" sorts before every other path. */
	add(join("", "/"), &st);
	qsort(entries, entry_count, sizeof *entries, compare_paths);
	const char **first = link_groups();
	for (size_t i = 0; i < entry_count; i++)
		print_entry(&entries[i], first[i]);
	if (fflush(stdout) || ferror(stdout))
		fail("cannot write", "standard output");
	return 0;
}
