/*
 * Fills the disk for a process: while the first 8 bytes of the file DISK_FULL_FILE are not 0, nothing can be written to a
 * regular file, nor can one grow (ENOSPC). Pipes and sockets work as before. Preload it (LD_PRELOAD); children inherit it.
 * Linux with glibc.
 *
 * The calls go to the kernel and not to libc's own functions, which this file replaces.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const int64_t has_room = 0;
static const volatile int64_t *is_full = &has_room;

__attribute__((constructor)) static void map_switch(void) {
  const char *path = getenv("DISK_FULL_FILE");
  int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  void *page = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  if (page != MAP_FAILED) is_full = page;
  close(file);
}

static int is_refused(int file) {
  struct stat found;
  if (*is_full == 0 || fstat(file, &found) != 0 || !S_ISREG(found.st_mode)) return 0;
  errno = ENOSPC;
  return 1;
}

static int grows(int file, off_t length) {
  struct stat found;
  return fstat(file, &found) == 0 && length > found.st_size;
}

ssize_t write(int file, const void *bytes, size_t count) {
  return is_refused(file) ? -1 : syscall(SYS_write, file, bytes, count);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) {
  return is_refused(file) ? -1 : syscall(SYS_pwrite64, file, bytes, count, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) { return pwrite(file, bytes, count, at); }

ssize_t writev(int file, const struct iovec *parts, int count) {
  return is_refused(file) ? -1 : syscall(SYS_writev, file, parts, count);
}

ssize_t pwritev(int file, const struct iovec *parts, int count, off_t at) {
  return is_refused(file) ? -1 : syscall(SYS_pwritev, file, parts, count, at, 0);
}

ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t at) {
  return pwritev(file, parts, count, at);
}

int ftruncate(int file, off_t length) {
  return grows(file, length) && is_refused(file) ? -1 : (int)syscall(SYS_ftruncate, file, length);
}

int ftruncate64(int file, off64_t length) { return ftruncate(file, length); }

int fallocate(int file, int mode, off_t at, off_t length) {
  return is_refused(file) ? -1 : (int)syscall(SYS_fallocate, file, mode, at, length);
}

int fallocate64(int file, int mode, off64_t at, off64_t length) { return fallocate(file, mode, at, length); }
