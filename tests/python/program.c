/* A program that the courier carries in tests. It reads its arguments as a module does, then does what the
   option "act" says. VERSION makes it another one. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static char input[32 << 20];

static int is_told(const char *act)
{
    char option[64];
    snprintf(option, sizeof option, "\"act\": \"%s\"", act);
    return strstr(input, option) != NULL;
}

int main(int count, char **words)
{
    const char *variable = getenv("COURIER_TEST");
    size_t length = 0, more;
    if (count > 1 && strcmp(words[count - 1], "-") == 0)
        while ((more = read(0, input + length, sizeof input - 1 - length)) > 0)
            length += more;
    else {
        FILE *file = fopen(words[1], "r");
        length = file ? fread(input, 1, sizeof input - 1, file) : 0;
    }
    if (is_told("half")) {
        printf("{\"changed\": tr");
        fflush(stdout);
        kill(getpid(), SIGKILL);
    }
    if (is_told("silence")) {
        fprintf(stderr, "nothing to say\n");
        return 3;
    }
    /* The modules protect their memory, too. */
    prctl(PR_SET_DUMPABLE, 0);
    if (is_told("sleep")) {
        printf(" \n");
        fflush(stdout);
        sleep(60);
    }
    if (is_told("huge"))
        for (int line = 0; line < 17 << 10; line++)
            printf("%01023d\n", line);
    printf("{\"changed\": true, \"version\": %d, \"read\": %zu, \"words\": \"%s %s\", \"uid\": %d, \"variable\": \"%s\", "
           "\"check\": %s, \"diff_wanted\": %s, \"text\": \"{{ 6 * 7 }}\"}\n", VERSION, length, count > 1 ? words[1] : "", count > 2 ? words[2] : "",
           (int)getuid(), variable ? variable : "", strstr(input, "\"_ansible_check_mode\": true") ? "true" : "false",
           strstr(input, "\"_ansible_diff\": true") ? "true" : "false");
    return is_told("status 255") ? 255 : 0;
}
