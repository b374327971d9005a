/* launch COUNT PROGRAM [ARG...]: runs a program so often, one after the other, and prints for each run
   its nanoseconds, its peak memory in KiB and its exit status. What the program prints is dropped.

   A program of its own, because a child is told at least the memory of who starts it. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    posix_spawn_file_actions_t quiet;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
    for (int left = atoi(argv[1]); left > 0; left--) {
        pid_t child;
        int status;
        struct rusage used;
        long long begin = now();
        if (posix_spawnp(&child, argv[2], &quiet, NULL, argv + 2, environ) != 0) return 3;
        if (wait4(child, &status, 0, &used) != child) return 4;
        printf("%lld %ld %d\n", now() - begin, used.ru_maxrss, WEXITSTATUS(status));
    }
    return 0;
}
