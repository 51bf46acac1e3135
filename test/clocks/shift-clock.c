/*
 * Shifts the real-time clock of a process by CLOCK_SHIFT_SECONDS. Preload it (LD_PRELOAD) into Node and workerd; children
 * inherit it. Monotonic clocks stay, so timers and time-outs keep their lengths. Linux with glibc.
 *
 * The calls go to the kernel and not to libc's own functions, which this file replaces.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t shift_seconds;

/* Read once before main, so that no thread ever sees another value. */
__attribute__((constructor)) static void read_shift(void) {
  const char *text = getenv("CLOCK_SHIFT_SECONDS");
  shift_seconds = text == NULL ? 0 : (time_t)atoll(text);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int outcome = (int)syscall(SYS_clock_gettime, clock, now);
  if (outcome == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += shift_seconds;
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
