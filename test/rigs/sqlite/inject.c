/*
 * A library put before the C library (LD_PRELOAD): counts the calls that reach a database, its -wal, its -shm or its -journal, and
 * lets the n-th fail, be cut short, or be the last thing that the process does. Told what to do, and telling what it
 * saw, in a file of 4096 bytes that is mapped, so that one process can run thousands of cases.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPEN = 1, READ, WRITE, SYNC, TRUNCATE, LOCK, MAP, UNLINK, CLOSE, UNLOCK };
enum { DATABASE = 1, WAL, SHM, JOURNAL };
enum { FAIL = 1, KILL_BEFORE, KILL_AFTER, CUT_AND_KILL, CUT_SHORT, STAY_FAILED };

struct control {
  int32_t armed;   /* counts and acts only while it is 1 */
  int32_t at;      /* which call, from 1 */
  int32_t action;
  int32_t error;   /* errno */
  int32_t calls;   /* bits of the calls that count; 0 is all */
  int32_t targets; /* bits of the files that count; 0 is all */
  int32_t seen;    /* calls counted */
  int32_t hit;     /* call that was acted upon */
  int32_t target;  /* its file */
  int32_t rest[7];
  uint8_t trace[4032]; /* of each call counted: 16 times the call, and its file */
};

static struct control *control;
static const char *database;
static size_t length;
enum { MOST = 4096 };
static unsigned char files[MOST];

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("INJECT_CONTROL");
  database = getenv("INJECT_DATABASE");
  if (path == NULL || database == NULL) return;
  length = strlen(database);
  int (*really)(const char *, int, ...) = dlsym(RTLD_NEXT, "open64");
  int fd = really(path, O_RDWR);
  if (fd < 0) return;
  void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped != MAP_FAILED) control = mapped;
}

static int kind(const char *path) {
  if (control == NULL || path == NULL) return 0;
  /* Databases of the cases are numbered: INJECT_DATABASE is what their names begin with. */
  if (strncmp(path, database, length) != 0) return 0;
  const char *end = strrchr(path, '-');
  if (end == NULL) return DATABASE;
  if (strcmp(end, "-wal") == 0) return WAL;
  if (strcmp(end, "-shm") == 0) return SHM;
  if (strcmp(end, "-journal") == 0) return JOURNAL;
  return DATABASE;
}

static int kind_of(int fd) { return fd >= 0 && fd < MOST ? files[fd] : 0; }

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* The action that is due at this call, or 0. */
static int due(int call, int target) {
  if (target == 0 || control == NULL || control->armed != 1) return 0;
  if (control->calls != 0 && (control->calls & (1 << call)) == 0) return 0;
  if (control->targets != 0 && (control->targets & (1 << target)) == 0) return 0;
  if (control->seen < (int32_t)sizeof control->trace)
    control->trace[control->seen] = (uint8_t)(call << 4 | target);
  control->seen += 1;
  if (control->seen != control->at &&
      !(control->action == STAY_FAILED && control->seen > control->at))
    return 0;
  control->hit = call;
  control->target = target;
  if (control->action == KILL_BEFORE) die();
  return control->action == STAY_FAILED ? FAIL : control->action;
}

static void after(int action) {
  if (action == KILL_AFTER || action == CUT_AND_KILL) die();
}

#define REAL(name) \
  static __typeof__(&name) really; \
  if (really == NULL) really = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define FAILS(action) \
  if ((action) == FAIL) { \
    errno = control->error; \
    return -1; \
  }

static int opened(int fd, int target) {
  if (fd >= 0 && fd < MOST) files[fd] = (unsigned char)target;
  return fd;
}

int open64(const char *path, int flags, ...) {
  REAL(open64);
  va_list rest;
  va_start(rest, flags);
  mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  int target = kind(path);
  int action = due(OPEN, target);
  FAILS(action);
  int fd = opened(really(path, flags, mode), target);
  after(action);
  return fd;
}

int close(int fd) {
  REAL(close);
  int action = due(CLOSE, kind_of(fd));
  if (fd >= 0 && fd < MOST) files[fd] = 0;
  int answer = really(fd);
  after(action);
  FAILS(action);
  return answer;
}

ssize_t pread64(int fd, void *into, size_t count, off64_t offset) {
  REAL(pread64);
  int action = due(READ, kind_of(fd));
  FAILS(action);
  ssize_t answer = really(fd, into, action == CUT_SHORT ? count / 2 : count, offset);
  after(action);
  return answer;
}

ssize_t pwrite64(int fd, const void *from, size_t count, off64_t offset) {
  REAL(pwrite64);
  int action = due(WRITE, kind_of(fd));
  FAILS(action);
  ssize_t answer = really(fd, from, action == CUT_AND_KILL || action == CUT_SHORT ? (count + 1) / 2 : count, offset);
  after(action);
  return answer;
}

int fsync(int fd) {
  REAL(fsync);
  int action = due(SYNC, kind_of(fd));
  FAILS(action);
  int answer = really(fd);
  after(action);
  return answer;
}

int fdatasync(int fd) {
  REAL(fdatasync);
  int action = due(SYNC, kind_of(fd));
  FAILS(action);
  int answer = really(fd);
  after(action);
  return answer;
}

int ftruncate64(int fd, off64_t size) {
  REAL(ftruncate64);
  int action = due(TRUNCATE, kind_of(fd));
  FAILS(action);
  int answer = really(fd, size);
  after(action);
  return answer;
}

int fcntl64(int fd, int command, ...) {
  REAL(fcntl64);
  va_list rest;
  va_start(rest, command);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  int locks = command == F_SETLK || command == F_SETLKW;
  /* Nothing on this earth refuses to give a lock back. */
  int gives_back = locks && ((struct flock *)argument)->l_type == F_UNLCK;
  int action = locks ? due(gives_back ? UNLOCK : LOCK, kind_of(fd)) : 0;
  if (!gives_back) FAILS(action);
  int answer = really(fd, command, argument);
  after(action);
  return answer;
}

void *mmap64(void *at, size_t size, int protection, int flags, int fd, off64_t offset) {
  REAL(mmap64);
  int action = due(MAP, kind_of(fd));
  if (action == FAIL) {
    errno = control->error;
    return MAP_FAILED;
  }
  void *answer = really(at, size, protection, flags, fd, offset);
  after(action);
  return answer;
}

int unlink(const char *path) {
  REAL(unlink);
  int action = due(UNLINK, kind(path));
  FAILS(action);
  int answer = really(path);
  after(action);
  return answer;
}
