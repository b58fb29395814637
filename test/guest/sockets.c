// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sockets, epoll, eventfd, timerfd, signalfd, poll and select with masks.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "guest-test.h"

static void test_pair(void)
{
    int s[2];
    char buf[64] = "";
    SHOW(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
    SHOW(send(s[0], "hello", 6, 0));
    SHOW(recv(s[1], buf, sizeof(buf), MSG_PEEK));
    SHOW(recv(s[1], buf, sizeof(buf), 0));
    printf("%s\n", buf);
    SHOW(recv(s[1], buf, sizeof(buf), MSG_DONTWAIT));

    // A descriptor travels.
    int pipes[2], got = -1;
    CHECK(pipe(pipes) == 0);
    union {
        struct cmsghdr h;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec iov = {"x", 1};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof(control.bytes)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &pipes[1], sizeof(int));
    SHOW(sendmsg(s[0], &msg, 0));
    char byte;
    iov = (struct iovec){&byte, 1};
    memset(&control, 0, sizeof(control));
    SHOW(recvmsg(s[1], &msg, 0));
    memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
    CHECK(write(got, "via", 4) == 4);
    CHECK(read(pipes[0], buf, 4) == 4);
    printf("through the descriptor: %s\n", buf);
    SHOW(shutdown(s[0], SHUT_WR));
    SHOW(read(s[1], buf, 1));
}

static void test_tcp(void)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1, status;
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(addr);
    SHOW(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
    SHOW(bind(listener, (struct sockaddr *)&addr, sizeof(addr)));
    SHOW(listen(listener, 4));
    SHOW(getsockname(listener, (struct sockaddr *)&addr, &len));
    pid_t pid = fork();
    if (pid == 0) {
        int s = socket(AF_INET, SOCK_STREAM, 0);
        char buf[100000];
        memset(buf, 'a', sizeof(buf));
        if (connect(s, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
            _exit(1);
        }
        size_t sent = 0;
        while (sent < sizeof(buf)) {
            ssize_t n = write(s, buf + sent, sizeof(buf) - sent);
            if (n <= 0) {
                _exit(2);
            }
            sent += (size_t)n;
        }
        _exit(0);
    }
    struct sockaddr_in peer;
    len = sizeof(peer);
    int s = accept4(listener, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);
    char buf[4096];
    size_t total = 0;
    ssize_t n;
    while ((n = read(s, buf, sizeof(buf))) > 0) {
        total += (size_t)n;
    }
    waitpid(pid, &status, 0);
    printf("received %zu, peer %s, child %d\n", total, inet_ntoa(peer.sin_addr),
           WEXITSTATUS(status));
    int value;
    len = sizeof(value);
    SHOW(getsockopt(s, SOL_SOCKET, SO_TYPE, &value, &len));
    printf("type %d\n", value);
    close(s);
    close(listener);
    s = socket(AF_INET, SOCK_STREAM, 0);
    addr.sin_port = htons(1);
    SHOW(connect(s, (struct sockaddr *)&addr, sizeof(addr)));
    close(s);
}

static void test_epoll(void)
{
    int ep = epoll_create1(EPOLL_CLOEXEC), ev = eventfd(0, EFD_NONBLOCK), p[2];
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = 0x1122334455667788}, out[4];
    CHECK(pipe(p) == 0);
    SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, ev, &e));
    e.data.u64 = 5;
    SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e));
    SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e));
    SHOW(epoll_wait(ep, out, 4, 0));
    uint64_t v = 3;
    CHECK(write(ev, &v, 8) == 8);
    CHECK(write(ev, &v, 8) == 8);
    SHOW(epoll_wait(ep, out, 4, -1));
    printf("data %lx\n", (unsigned long)out[0].data.u64);
    CHECK(read(ev, &v, 8) == 8);
    printf("eventfd %lu\n", (unsigned long)v);
    SHOW(read(ev, &v, 8));
    close(p[1]);
    SHOW(epoll_wait(ep, out, 4, 100));
    printf("hang-up %x data %lu\n", out[0].events, (unsigned long)out[0].data.u64);
    close(ep);
}

static volatile int alarms;
static void on_alarm(int sig)
{
    (void)sig;
    alarms++;
}

static void alarm_in(int usec)
{
    struct itimerval t = {.it_value = {.tv_usec = usec}};
    setitimer(ITIMER_REAL, &t, NULL);
}

static void test_masked_waits(void)
{
    sigset_t block, none;
    int p[2];
    CHECK(pipe(p) == 0);
    sigemptyset(&none);
    sigemptyset(&block);
    sigaddset(&block, SIGALRM);
    sigprocmask(SIG_BLOCK, &block, NULL);
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm, .sa_flags = SA_RESTART}, NULL);
    struct pollfd pfd = {.fd = p[0], .events = POLLIN};
    struct timespec two = {.tv_sec = 2}, little = {.tv_nsec = 5000000};
    alarm_in(20000);
    SHOW(ppoll(&pfd, 1, &two, &none));
    printf("alarms %d\n", alarms);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(p[0], &set);
    alarm_in(20000);
    SHOW(pselect(p[0] + 1, &set, NULL, NULL, &two, &none));
    printf("alarms %d\n", alarms);
    int ep = epoll_create1(0);
    struct epoll_event e;
    alarm_in(20000);
    SHOW(epoll_pwait(ep, &e, 1, 2000, &none));
    printf("alarms %d\n", alarms);
    // Blocked: it stays pending.
    alarm_in(1000);
    usleep(20000);
    SHOW(ppoll(&pfd, 1, &little, &block));
    printf("alarms %d\n", alarms);
    CHECK(write(p[1], "", 1) == 1);
    SHOW(ppoll(&pfd, 1, &two, NULL));
    printf("alarms %d\n", alarms);
    sigprocmask(SIG_UNBLOCK, &block, NULL);
    printf("alarms %d\n", alarms);
}

static void test_fds(void)
{
    int t = timerfd_create(CLOCK_MONOTONIC, 0);
    struct itimerspec its = {.it_value.tv_nsec = 1000000, .it_interval.tv_nsec = 1000000};
    uint64_t n = 0;
    SHOW(timerfd_settime(t, 0, &its, NULL));
    CHECK(read(t, &n, 8) == 8);
    printf("timer expired %d\n", n >= 1);
    close(t);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int s = signalfd(-1, &set, SFD_CLOEXEC);
    raise(SIGUSR1);
    struct signalfd_siginfo info;
    SHOW(read(s, &info, sizeof(info)));
    printf("signal %u\n", info.ssi_signo);
    close(s);
}

int main(void)
{
    test_pair();
    fflush(stdout);
    test_tcp();
    test_epoll();
    test_masked_waits();
    test_fds();
    return finish();
}
