/*
 * Shifts the real-time clock of a process by CLOCK_SHIFT_SECONDS, or, if CLOCK_SHIFT_FILE names a file, by the number of
 * seconds in its first 8 bytes (a native signed integer), which may change while the process runs. Preload it (LD_PRELOAD) into Node and workerd; children
 * inherit it. Monotonic clocks stay, so timers and time-outs keep their lengths. Linux with glibc.
 *
 * The calls go to the kernel and not to libc's own functions, which this file replaces.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t fixed_shift;
static const volatile time_t *shift_seconds = &fixed_shift;

/* Before main, so that no thread ever sees another place. */
__attribute__((constructor)) static void read_shift(void) {
  const char *text = getenv("CLOCK_SHIFT_SECONDS");
  if (text != NULL) fixed_shift = (time_t)atoll(text);
  const char *path = getenv("CLOCK_SHIFT_FILE");
  int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  void *page = mmap(NULL, sizeof(time_t), PROT_READ, MAP_SHARED, file, 0);
  if (page != MAP_FAILED) shift_seconds = page;
  close(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int outcome = (int)syscall(SYS_clock_gettime, clock, now);
  if (outcome == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += *shift_seconds;
  return outcome;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  struct timespec spec;
  if (clock_gettime(CLOCK_REALTIME, &spec) != 0) return -1;
  now->tv_sec = spec.tv_sec;
  now->tv_usec = (suseconds_t)(spec.tv_nsec / 1000);
  return 0;
}

time_t time(time_t *out) {
  struct timespec spec;
  clock_gettime(CLOCK_REALTIME, &spec);
  if (out != NULL) *out = spec.tv_sec;
  return spec.tv_sec;
}
