// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Moves bytes of the files `secret` and `other` in many ways, and says before each write what taint has to find in it.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static unsigned char a[16], b[16];
static unsigned char out[32];

// stdout is unbuffered text, untainted, then the bytes.
static void say(const char *expected, size_t n)
{
    char line[128];
    int length = snprintf(line, sizeof(line), "expected %s\n", expected);
    if (write(1, line, (size_t)length) < 0 || write(1, out, n) < 0 || write(1, "\n", 1) < 0) {
        _exit(1);
    }
    memset(out, 0, sizeof(out));
}

static void get(const char *name, unsigned char *to)
{
    int fd = open(name, O_RDONLY);
    if (fd < 0 || read(fd, to, 16) != 16) {
        _exit(2);
    }
    close(fd);
}

static __attribute__((noinline)) uint32_t rotate(uint32_t x) { return x << 8 | x >> 24; }

int main(void)
{
    get("secret", a);
    get("other", b);
    memcpy(out + 3, a + 5, 7);
    say("3-9:secret", 16);
    for (int i = 0; i < 16; i++) {
        out[i * 2 + 1] = a[i];
    }
    say("1-1:secret 3-3:secret 5-5:secret 7-7:secret", 9);
    for (int i = 0; i < 4; i++) {
        out[i] = a[i] ^ b[i];
    }
    say("0-3:secret+other", 8);
    uint64_t w = (uint64_t)a[0] << 24 | (uint64_t)b[0] << 40;
    memcpy(out, &w, 8);
    say("3-3:secret 5-5:other", 8);
    uint32_t r = rotate(a[1]);
    memcpy(out + 4, &r, 4);
    say("5-5:secret", 8);
    uint32_t sum = (uint32_t)b[2] << 8;
    sum += 77;
    memcpy(out, &sum, 4);
    say("1-3:other", 6);
    for (int i = 0; i < 8; i++) {
        out[i] = a[i] - a[i];
        out[i + 8] = (unsigned char)(i * 3);
    }
    memcpy(out + 8, b + 8, 4);
    memset(out, 0, 8);
    say("8-11:other", 16);
    double d = a[0] * 1.5;
    memcpy(out + 8, &d, 8);
    say("8-15:secret", 16);
    memcpy(out, a, 16);
    out[4] = 'x';
    say("0-3:secret 5-15:secret", 16);
    memcpy(out, a, 16);
    memcpy(out + 16, b, 16);
    say("0-15:secret 16-31:other", 32);
    return 0;
}
