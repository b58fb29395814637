// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bytes of the file `secret` through pipes, sockets and files of the program's own; before each write to standard output
// the program says what taint has to find in it. secret is 0-15, other 0-15 of the file `other`.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

static char secret[16], other[16], out[64];

#define OK(e)                                                                                      \
    do {                                                                                           \
        if (!(e)) {                                                                                \
            perror(#e);                                                                            \
            exit(3);                                                                               \
        }                                                                                          \
    } while (0)

static void say(const char *expected, size_t n)
{
    char line[128];
    int length = snprintf(line, sizeof(line), "expected %s\n", expected);
    OK(write(1, line, (size_t)length) == length && write(1, out, n) == (ssize_t)n &&
       write(1, "\n", 1) == 1);
    memset(out, 0, sizeof(out));
}

static void get(const char *name, char *to)
{
    int fd = open(name, O_RDONLY);
    OK(fd >= 0 && read(fd, to, 16) == 16);
    close(fd);
}

// Two clean bytes, the secret, two clean ones into `to`; out of `from` in pieces.
static void through(int to, int from)
{
    struct iovec v[] = {{(char[]){"ab"}, 2}, {secret, 16}};
    OK(writev(to, v, 2) == 18 && write(to, "cd", 2) == 2);
    OK(read(from, out, 5) == 5);
    say("2-4:secret", 5);
    OK(read(from, out, 15) == 15);
    say("0-12:secret", 15);
}

static void *reader(void *p)
{
    OK(read(*(int *)p, out, 32) == 16);
    return NULL;
}

static void in_another_thread(void)
{
    int p[2];
    pthread_t t;
    OK(pipe(p) == 0 && pthread_create(&t, NULL, reader, &p[0]) == 0);
    usleep(20000);
    OK(write(p[1], other, 16) == 16);
    pthread_join(t, NULL);
    say("0-15:other", 16);
    close(p[0]);
    close(p[1]);
}

// A pipe that is full: less is written than was asked for, and what is behind it must not be shifted.
static void partial(void)
{
    static char big[1 << 17];
    int p[2];
    OK(pipe(p) == 0 && fcntl(p[1], F_SETFL, O_NONBLOCK) == 0);
    memcpy(big, secret, 16);
    ssize_t n = write(p[1], big, sizeof(big));
    OK(n > 0 && n < (ssize_t)sizeof(big) && write(p[1], other, 16) < 0);
    for (ssize_t left = n; left;) {
        ssize_t got = read(p[0], big, (size_t)left);
        OK(got > 0);
        left -= got;
    }
    OK(write(p[1], secret, 4) == 4 && read(p[0], out, 64) == 4);
    say("0-3:secret", 4);
    close(p[0]);
    close(p[1]);
}

static void tcp(int family)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in b = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr *at = family == AF_INET6 ? (void *)&a : (void *)&b;
    socklen_t n = family == AF_INET6 ? sizeof(a) : sizeof(b);
    int l = socket(family, SOCK_STREAM, 0), c = socket(family, SOCK_STREAM, 0);
    if (l < 0 || bind(l, at, n)) {
        return; // no such addresses here
    }
    OK(listen(l, 1) == 0 && getsockname(l, at, &n) == 0 && connect(c, at, n) == 0);
    int s = accept(l, NULL, NULL);
    through(c, s);
    through(s, c);
    close(l);
    close(c);
    close(s);
}

static void named_socket(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "flow.socket"};
    int l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);
    unlink(a.sun_path);
    OK(bind(l, (void *)&a, sizeof(a)) == 0 && listen(l, 1) == 0 &&
       connect(c, (void *)&a, sizeof(a)) == 0);
    int s = accept(l, NULL, NULL);
    through(s, c);
    through(c, s);
    unlink(a.sun_path);
}

static void messages(void)
{
    int p[2];
    OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, p) == 0);
    OK(send(p[0], secret, 16, 0) == 16 && send(p[0], "0123456789", 10, 0) == 10 &&
       send(p[0], other, 16, 0) == 16);
    OK(recv(p[1], out, 4, MSG_PEEK) == 4);
    say("0-3:secret", 4);
    OK(recv(p[1], out, 4, 0) == 4); // the rest is lost
    say("0-3:secret", 4);
    OK(recv(p[1], out, 64, 0) == 10);
    memcpy(out + 20, secret, 1);
    say("20-20:secret", 21);
    struct mmsghdr m = {.msg_hdr = {.msg_iov = &(struct iovec){out, 64}, .msg_iovlen = 1}};
    OK(recvmmsg(p[1], &m, 1, 0, NULL) == 1);
    say("0-15:other", 16);
    m.msg_hdr.msg_iov = &(struct iovec){secret, 3};
    OK(sendmmsg(p[1], &m, 1, 0) == 1 && recv(p[0], out, 64, 0) == 3);
    say("0-2:secret", 3);
    close(p[0]);
    close(p[1]);
}

static void file(void)
{
    int fd = open("flow.file", O_RDWR | O_CREAT | O_TRUNC, 0600), p[2];
    OK(fd >= 0 && write(fd, "xyz", 3) == 3 && write(fd, secret, 16) == 16);
    OK(pwrite(fd, other, 2, 100000) == 2 && pwrite(fd, "--", 2, 5) == 2);
    OK(pread(fd, out, 20, 1) == 20);
    say("2-3:secret 6-17:secret", 20);
    OK(lseek(fd, 99999, SEEK_SET) == 99999 && read(fd, out, 10) == 3);
    say("1-2:other", 3);
    char *map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    OK(map != MAP_FAILED);
    memcpy(out, map, 8);
    say("3-4:secret 7-7:secret", 8);
    OK(pipe(p) == 0);
    off_t at = 2;
    OK(sendfile(p[1], fd, &at, 4) == 4 && read(p[0], out, 4) == 4);
    say("1-2:secret", 4);
    OK(write(p[1], secret, 4) == 4 && splice(p[0], NULL, fd, &(off_t){50}, 4, 0) == 4 &&
       pread(fd, out, 6, 49) == 6);
    say("1-4:secret", 6);
    OK(ftruncate(fd, 4) == 0 && pwrite(fd, "......", 1, 9) == 1 && pread(fd, out, 10, 0) == 10);
    say("3-3:secret", 10);
    int again = open("flow.file", O_RDWR | O_TRUNC);
    OK(pwrite(again, "12345", 5, 0) == 5 && pread(fd, out, 5, 0) == 5);
    memcpy(out + 5, secret, 1);
    say("5-5:secret", 6);
    close(fd);
    close(again);
    unlink("flow.file");
}

int main(void)
{
    int p[2];
    get("secret", secret);
    get("other", other);
    OK(pipe(p) == 0);
    through(p[1], p[0]);
    int copy = dup(p[1]);
    close(p[1]);
    through(copy, p[0]);
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, p) == 0);
    through(p[0], p[1]);
    through(p[1], p[0]);
    in_another_thread();
    partial();
    tcp(AF_INET);
    tcp(AF_INET6);
    named_socket();
    messages();
    file();
    return 0;
}
