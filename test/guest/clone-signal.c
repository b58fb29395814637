// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Processes that the kernel's clone makes with another signal than SIGCHLD at their end, which libc's fork knows nothing of:
// the locks of a library that a thread of the emulator's held at that moment must not stay locked in the child.
#include <regex.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "guest-test.h"

static int by_value(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

// Code of several kinds, so that there is something to compile all the time.
static int work(int n)
{
    char text[256];
    int values[64], sum = 0;
    regex_t pattern;
    for (int i = 0; i < 64; i++) {
        values[i] = (i * 7919 + n) % 101;
    }
    qsort(values, 64, sizeof(values[0]), by_value);
    snprintf(text, sizeof(text), "%d %x %.3f %s %g", values[n % 64], n, n / 7.0, "text", n * 1e30);
    sum += (int)strtod(text, NULL) + (int)strlen(text);
    CHECK(regcomp(&pattern, n % 2 ? "a(b|c)*d" : "[0-9]+\\.[0-9]{3} t", REG_EXTENDED) == 0);
    sum += regexec(&pattern, text, 0, NULL, 0);
    regfree(&pattern);
    return sum & 0x3f;
}

int main(void)
{
    int right = 0;
    signal(SIGUSR1, SIG_IGN);
    alarm(200); // a child that hangs is not waited for
    for (int round = 0; round < 60; round++) {
        int expected = work(round), status = -1;
        pid_t pid = (pid_t)syscall(SYS_clone, SIGUSR1, 0, 0, 0, 0);
        if (pid == 0) {
            _exit(work(round));
        }
        CHECK(pid > 0 && waitpid(pid, &status, __WALL) == pid);
        right += WIFEXITED(status) && WEXITSTATUS(status) == expected;
    }
    printf("%d of 60\n", right);
    return finish();
}
