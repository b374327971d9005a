/* Three functions that a program for ppc64le needs at glibc 2.17, the version of RHEL 7.
 *
 * Zig knows glibc for ppc64le from 2.19 on, so that is the version it links against. Without this file
 * the result would not link, or would not start on a host with 2.17:
 *
 * 1. and 2. Zig's libunwind prints its debug messages by __fprintfieee128 and __snprintfieee128, the names
 *    of fprintf and snprintf in a glibc with 128-bit long double (2.32). No message has a long double,
 *    so the plain functions do the same.
 * 3. Rust registers destructors of thread-local values by __cxa_thread_atexit_impl, which glibc has since
 *    2.18. Rust takes it for optional, but the linker records the version as required.
 *
 * packaging/build-programs checks that no program wants more than GLIBC_2.17. No header is included:
 * stdio.h would rename the functions again. */

#include <stdarg.h>
#include <stddef.h>

extern int vfprintf(void *stream, const char *format, va_list arguments);
extern int vsnprintf(char *buffer, size_t size, const char *format, va_list arguments);
extern void *malloc(size_t size);
extern void free(void *pointer);
extern int pthread_once(int *once, void (*initialize)(void));
extern int pthread_key_create(unsigned *key, void (*destructor)(void *));
extern void *pthread_getspecific(unsigned key);
extern int pthread_setspecific(unsigned key, const void *value);

int __fprintfieee128(void *stream, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int written = vfprintf(stream, format, arguments);
  va_end(arguments);
  return written;
}

int __snprintfieee128(char *buffer, size_t size, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int written = vsnprintf(buffer, size, format, arguments);
  va_end(arguments);
  return written;
}

/* A value of this thread that is to be destroyed when the thread ends. */
struct registered {
  void (*destroy)(void *);
  void *value;
  struct registered *earlier;
};

static int once;
static unsigned key;

/* In the opposite order of registration. A destructor may register another value, which pthread sees
   when this returns: it then calls again. */
static void destroy_all(void *last) {
  struct registered *next = last;
  while (next != NULL) {
    struct registered this = *next;
    free(next);
    this.destroy(this.value);
    next = this.earlier;
  }
}

static void make_key(void) { pthread_key_create(&key, destroy_all); }

int __cxa_thread_atexit_impl(void (*destroy)(void *), void *value, void *library) {
  (void)library; /* Nothing here is unloaded. */
  struct registered *entry = malloc(sizeof *entry);
  if (entry == NULL) return -1;
  pthread_once(&once, make_key);
  entry->destroy = destroy;
  entry->value = value;
  entry->earlier = pthread_getspecific(key);
  return pthread_setspecific(key, entry);
}
