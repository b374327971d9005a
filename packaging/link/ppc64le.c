/* The function that a program for ppc64le lacks at glibc 2.17, the version of RHEL 7.
 *
 * Zig knows glibc for ppc64le from 2.19 on, so that is the version it links against. Rust registers the
 * destructors of thread-local values by __cxa_thread_atexit_impl, which glibc has since 2.18. Rust takes it
 * for optional, but the linker records the version as required, and the program would not start on a
 * host with 2.17. packaging/build-programs checks that no program wants more than GLIBC_2.17.
 *
 * (Zig's libunwind for ppc64le would want two more functions; unwind.c stands for all of it.) */

#include <stddef.h>

extern void *malloc(size_t size);
extern void free(void *pointer);
extern int pthread_once(int *once, void (*initialize)(void));
extern int pthread_key_create(unsigned *key, void (*destructor)(void *));
extern void *pthread_getspecific(unsigned key);
extern int pthread_setspecific(unsigned key, const void *value);

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
