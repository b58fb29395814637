// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bytes of the file `secret` through pipes, sockets, files and shared memory of the program's own, and through its children; before each write to standard output
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
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
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

// UDP: connected and not, from two sockets, messages that get lost, that are cut, and that are peeked at.
static void udp(int family)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in b = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr *at = family == AF_INET6 ? (void *)&a : (void *)&b;
    socklen_t n = family == AF_INET6 ? sizeof(a) : sizeof(b);
    int r = socket(family, SOCK_DGRAM, 0), c = socket(family, SOCK_DGRAM, 0),
        u = socket(family, SOCK_DGRAM, 0);
    if (r < 0 || bind(r, at, n)) {
        return; // no such addresses here
    }
    OK(getsockname(r, at, &n) == 0 && connect(c, at, n) == 0);
    OK(send(c, "ab", 2, 0) == 2 && sendto(u, secret, 16, 0, at, n) == 16 &&
       write(c, other, 8) == 8);
    OK(recv(r, out, 64, 0) == 2 && recv(r, out, 64, MSG_PEEK) == 16);
    say("0-15:secret", 16);
    OK(recvfrom(r, out, 4, 0, NULL, NULL) == 4); // the rest is lost
    say("0-3:secret", 4);
    OK(read(r, out, 64) == 8);
    say("0-7:other", 8);
    struct iovec v[] = {{"xy", 2}, {other, 16}};
    struct msghdr m = {.msg_name = at, .msg_namelen = n, .msg_iov = v, .msg_iovlen = 2};
    OK(sendmsg(u, &m, 0) == 18 && recv(r, out, 64, 0) == 18);
    say("2-17:other", 18);
    int size = 1; // as small as the kernel lets it be: most of these are lost
    OK(setsockopt(r, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) == 0);
    for (int i = 0; i < 40; i++) {
        char text[1000] = {(char)i};
        memcpy(text + 4, i & 1 ? secret : other, 4);
        OK(send(c, text, sizeof(text), 0) == sizeof(text));
    }
    while (recv(r, out, 8, MSG_DONTWAIT) == 8) {
        say(out[0] & 1 ? "4-7:secret" : "4-7:other", 8);
    }
    struct mmsghdr mm[2] = {{.msg_hdr = {.msg_iov = &(struct iovec){secret, 5}, .msg_iovlen = 1}},
                            {.msg_hdr = {.msg_iov = &(struct iovec){other, 6}, .msg_iovlen = 1}}};
    OK(sendmmsg(c, mm, 2, 0) == 2);
    mm[0].msg_hdr.msg_iov = &(struct iovec){out, 20};
    mm[1].msg_hdr.msg_iov = &(struct iovec){out + 20, 20};
    OK(recvmmsg(r, mm, 2, 0, NULL) == 2 && mm[0].msg_len == 5 && mm[1].msg_len == 6);
    say("0-4:secret 20-25:other", 30);
    close(r);
    close(c);
    close(u);
}

// Two mappings of a file, and the file; a private one; what is mapped in a shared one's place.
static void shared_file(void)
{
    int fd = open("flow.file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    OK(fd >= 0 && ftruncate(fd, 12288) == 0 && pwrite(fd, other, 3, 20) == 3);
    char *a = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *b = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096);
    OK(a != MAP_FAILED && b != MAP_FAILED);
    memcpy(out, a + 16, 10);
    say("4-6:other", 10);
    memcpy(a + 4096 + 5, secret, 16);
    memcpy(out, b, 32);
    say("5-20:secret", 32);
    OK(pread(fd, out, 8, 4096) == 8);
    say("5-7:secret", 8);
    OK(pwrite(fd, "----", 4, 4096 + 6) == 4);
    memcpy(out, b, 16);
    say("5-5:secret 10-15:secret", 16);
    char *private = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 4096);
    private[10] = 0;
    memcpy(out, private, 12);
    memcpy(out + 16, b, 12);
    say("5-5:secret 11-11:secret 21-21:secret 26-27:secret", 28);
    a = mremap(a, 12288, 8192, 0);
    memcpy(out, a + 4096, 12);
    say("5-5:secret 10-11:secret", 12);
    char *again = mmap(a, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                       0);
    again[4096 + 5] = 'x';
    memcpy(out, again + 4096, 12);
    memcpy(out + 12, b, 12);
    say("17-17:secret 22-23:secret", 24);
    munmap(b, 4096);
    close(fd);
    unlink("flow.file");
}

static void wait_for(pid_t child)
{
    int status;
    OK(waitpid(child, &status, 0) == child && status == 0);
}

// What a child gets from its parent's memory and gives back, by a pipe, shared memory, a file and a datagram.
static void children(void)
{
    int p[2], s[2];
    char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int id = shmget(IPC_PRIVATE, 4096, 0600);
    char *segment = id < 0 ? NULL : shmat(id, NULL, 0);
    int fd = open("flow.file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    OK(map != MAP_FAILED && fd >= 0 && pipe(p) == 0 && socketpair(AF_UNIX, SOCK_DGRAM, 0, s) == 0);
    pid_t child = fork();
    if (child == 0) {
        char text[8];
        for (int i = 0; i < 8; i++) {
            text[i] = (char)(secret[i] + 1);
        }
        memcpy(map + 4100, other, 4);
        if (segment) {
            memcpy(segment + 1, secret, 2);
        }
        OK(write(p[1], "ab", 2) == 2 && write(p[1], text, 8) == 8 && write(fd, other, 5) == 5 &&
           send(s[1], secret, 3, 0) == 3);
        _exit(0);
    }
    wait_for(child);
    OK(read(p[0], out, 4) == 4 && read(p[0], out + 4, 60) == 6);
    say("2-9:secret", 10);
    memcpy(out, map + 4096, 16);
    say("4-7:other", 16);
    if (segment) {
        memcpy(out, segment, 4);
        say("1-2:secret", 4);
        shmdt(segment);
        shmctl(id, IPC_RMID, NULL);
    }
    OK(pread(fd, out, 8, 0) == 5 && recv(s[0], out + 10, 20, 0) == 3);
    say("0-4:other 10-12:secret", 20);
    close(fd);
    unlink("flow.file");
    close(p[0]);
    close(p[1]);
}

// Another program in between, by pipes.
static void program(const char *self)
{
    int to[2], from[2];
    OK(pipe(to) == 0 && pipe(from) == 0);
    pid_t child = fork();
    if (child == 0) {
        OK(dup2(to[0], 0) == 0 && dup2(from[1], 3) == 3);
        execl(self, self, "child", NULL);
        _exit(3);
    }
    OK(write(to[1], "abcd", 4) == 4 && write(to[1], secret, 16) == 16);
    wait_for(child);
    OK(read(from[0], out, 64) == 20);
    say("3-18:secret", 20);
}

// What the program in between does: the bytes one place further to the front, each plus one.
static int in_between(void)
{
    char in[20], back[20];
    OK(read(0, in, 20) == 20);
    for (int i = 0; i < 20; i++) {
        back[i] = (char)(in[(i + 1) % 20] + 1);
    }
    return write(3, back, 20) != 20;
}

int main(int argc, char **argv)
{
    int p[2];
    if (argc > 1) {
        return in_between();
    }
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
    udp(AF_INET);
    udp(AF_INET6);
    shared_file();
    children();
    program(argv[0]);
    return 0;
}
