// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Benchmark kernel: the C library's string functions on short and long strings. The library chooses them by CPU, so
// native code may use vectors that the guest's CPU has not.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 1 << 14, LINES = 256 };

static char text[TEXT + 1], copy[TEXT + 64];
static char *lines[LINES];

// Not to be computed while compiling.
static char *volatile whole = text;

int main(int argc, char **argv)
{
    long n = argc > 1 ? strtol(argv[1], NULL, 10) : 10;
    uint32_t seed = 5;
    int count = 0;
    for (int i = 0; i < TEXT; i++) {
        seed = seed * 1664525 + 1013904223;
        text[i] = (char)((seed >> 24) % 26 + 'a');
    }
    for (int at = 0; count < LINES && at < TEXT - 64; at += 8 + (count * 37) % 56) {
        lines[count++] = text + at;
        if (at)
            text[at - 1] = '\n';
    }
    uint64_t sum = 0;
    for (long round = 0; round < n; round++) {
        char *all = whole;
        sum += strlen(all);
        memcpy(copy, all, TEXT + 1);
        copy[TEXT / 2 + (round & 1023)] ^= 1;
        sum += (uint64_t)(strcmp(all, copy) > 0) + (uint64_t)(memcmp(all, copy, TEXT) > 0);
        memmove(copy + 3, copy, 4000);
        memset(copy + 4096, 'x' + (int)(round & 1), 4096);
        char line[128];
        for (int i = 0; i < count; i++) {
            char *end = memchr(lines[i], '\n', 200);
            size_t length = end ? (size_t)(end - lines[i]) : 20;
            if (length > 100)
                length = 100;
            memcpy(line, lines[i], length);
            line[length] = 0;
            sum += strlen(line) + (uint64_t)(strchr(line, 'q') != NULL) +
                   (uint64_t)(strrchr(line, 'e') != NULL);
            sum += (uint64_t)(strcmp(line, lines[(i + 1) % count]) > 0);
            sum += (uint64_t)(strncmp(lines[(i + 7) % count], line, 3) == 0);
        }
        char needle[] = {text[TEXT - 9], text[TEXT - 8], text[TEXT - 7],
                         text[TEXT - 6], text[TEXT - 5], 0};
        char *found = strstr(all, needle);
        sum = sum * 3 + (uint64_t)(found ? found - all : -1) + strcspn(all, "\n") +
              (uint8_t)copy[round & 8191];
    }
    printf("%llx\n", (unsigned long long)sum);
    return 0;
}
