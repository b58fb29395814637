// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Asynchronous signals: handlers, masks, queues, stacks, restart.
#include <pthread.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "guest-test.h"

static volatile sig_atomic_t count, depth, max_depth, last_code, last_value;

static void on_signal(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    count++;
    last_code = info->si_code;
    last_value = info->si_value.sival_int;
}

static void install(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
    struct sigaction act = {.sa_sigaction = fn, .sa_flags = SA_SIGINFO | flags};
    CHECK(sigaction(sig, &act, NULL) == 0);
}

static void test_basic(void)
{
    install(SIGUSR1, on_signal, 0);
    raise(SIGUSR1);
    printf("raise: count %d code %d\n", count, last_code);
    kill(getpid(), SIGUSR1);
    printf("kill: count %d code %d\n", count, last_code);
    union sigval value = {.sival_int = 77};
    sigqueue(getpid(), SIGUSR1, value);
    printf("sigqueue: count %d code %d value %d\n", count, last_code, last_value);
}

static void test_mask_and_queue(void)
{
    sigset_t set, pending, old;
    count = 0;
    install(SIGUSR1, on_signal, 0);
    install(SIGRTMIN + 2, on_signal, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN + 2);
    sigprocmask(SIG_BLOCK, &set, &old);
    for (int i = 0; i < 3; i++) {
        union sigval value = {.sival_int = i};
        sigqueue(getpid(), SIGRTMIN + 2, value);
        raise(SIGUSR1);
    }
    sigpending(&pending);
    printf("blocked: count %d pending %d %d\n", count, sigismember(&pending, SIGUSR1),
           sigismember(&pending, SIGRTMIN + 2));
    sigprocmask(SIG_SETMASK, &old, NULL);
    printf("freed: count %d last value %d\n", count, last_value);
}

static void nest(int sig, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    depth++;
    if (depth > max_depth) {
        max_depth = depth;
    }
    if (++count < 5) {
        raise(sig);
    }
    depth--;
}

static void test_nodefer(void)
{
    count = max_depth = 0;
    install(SIGUSR2, nest, 0);
    raise(SIGUSR2);
    printf("deferred: count %d depth %d\n", count, max_depth);
    count = max_depth = 0;
    install(SIGUSR2, nest, SA_NODEFER);
    raise(SIGUSR2);
    printf("nodefer: count %d depth %d\n", count, max_depth);
}

static void test_resethand(void)
{
    struct sigaction act;
    install(SIGUSR1, on_signal, SA_RESETHAND);
    raise(SIGUSR1);
    sigaction(SIGUSR1, NULL, &act);
    printf("resethand: default %d\n", act.sa_handler == SIG_DFL);
}

static char *stack_low;
static size_t stack_size;
static volatile int was_on_stack, mode_inside;

static void look_at_stack(int sig, siginfo_t *info, void *context)
{
    char here;
    stack_t now;
    (void)sig;
    (void)info;
    (void)context;
    was_on_stack = &here >= stack_low && &here < stack_low + stack_size;
    sigaltstack(NULL, &now);
    mode_inside = now.ss_flags;
}

static void test_altstack(void)
{
    stack_size = (size_t)SIGSTKSZ + 8192;
    stack_low = malloc(stack_size);
    stack_t ss = {.ss_sp = stack_low, .ss_size = stack_size}, old;
    SHOW(sigaltstack(&ss, NULL));
    install(SIGUSR1, look_at_stack, SA_ONSTACK);
    raise(SIGUSR1);
    printf("altstack: on it %d flags %d\n", was_on_stack, mode_inside);
    install(SIGUSR1, look_at_stack, 0);
    raise(SIGUSR1);
    printf("without SA_ONSTACK: on it %d flags %d\n", was_on_stack, mode_inside);
    ss.ss_flags = (int)(1u << 31); // SS_AUTODISARM
    sigaltstack(&ss, NULL);
    install(SIGUSR1, look_at_stack, SA_ONSTACK);
    raise(SIGUSR1);
    printf("autodisarm: on it %d flags %d\n", was_on_stack, mode_inside);
    sigaltstack(NULL, &old);
    printf("afterwards: flags %x\n", (unsigned)old.ss_flags);
    ss.ss_size = 100;
    SHOW(sigaltstack(&ss, NULL));
    ss.ss_flags = 77;
    SHOW(sigaltstack(&ss, NULL));
    ss.ss_flags = SS_DISABLE;
    SHOW(sigaltstack(&ss, NULL));
}

static void alarm_in(int usec)
{
    struct itimerval t = {.it_value = {.tv_usec = usec}};
    setitimer(ITIMER_REAL, &t, NULL);
}

// Again and again, so that one comes when the wait has begun, however slow the way there is.
static void alarms_every(int usec)
{
    struct itimerval t = {.it_value = {.tv_usec = usec}, .it_interval = {.tv_usec = usec}};
    setitimer(ITIMER_REAL, &t, NULL);
}

static int late_pipe;
static void write_late(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)info;
    (void)context;
    count++;
    CHECK(write(late_pipe, "x", 1) == 1);
}

static void test_restart(void)
{
    int fds[2];
    char c;
    CHECK(pipe(fds) == 0);
    late_pipe = fds[1];
    count = 0;
    install(SIGALRM, on_signal, 0);
    alarms_every(30000);
    SHOW(read(fds[0], &c, 1));
    alarms_every(0);
    printf("interrupted: %d\n", count > 0);
    // With SA_RESTART the read goes on, and finds what the handler wrote.
    install(SIGALRM, write_late, SA_RESTART);
    count = 0;
    alarms_every(30000);
    SHOW(read(fds[0], &c, 1));
    alarms_every(0);
    printf("restarted: %d\n", count > 0);
    close(fds[0]);
    close(fds[1]);
}

static void test_sigsuspend(void)
{
    sigset_t block, old, none;
    sigemptyset(&none);
    sigemptyset(&block);
    sigaddset(&block, SIGALRM);
    sigprocmask(SIG_BLOCK, &block, &old);
    count = 0;
    install(SIGALRM, on_signal, 0);
    alarm_in(20000);
    SHOW(sigsuspend(&none));
    printf("sigsuspend: count %d\n", count);
    sigset_t now;
    sigprocmask(SIG_SETMASK, NULL, &now);
    printf("blocked again: %d\n", sigismember(&now, SIGALRM));
    struct timespec limit = {.tv_nsec = 10000000};
    SHOW(sigtimedwait(&block, NULL, &limit));
    raise(SIGALRM);
    siginfo_t info;
    SHOW(sigtimedwait(&block, &info, &limit));
    printf("taken: %d\n", info.si_signo);
    sigprocmask(SIG_SETMASK, &old, NULL);
}

static void test_inheritance(void)
{
    signal(SIGUSR1, SIG_IGN);
    install(SIGUSR2, on_signal, 0);
    count = 0;
    pid_t pid = fork();
    if (pid == 0) {
        raise(SIGUSR1);
        raise(SIGUSR2);
        _exit(count);
    }
    int status;
    waitpid(pid, &status, 0);
    printf("in the child: %d\n", WEXITSTATUS(status));
}

static volatile double preserved;
static void use_fp(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)info;
    (void)context;
    preserved = 1.0 / (count + 3.0);
#if defined(__x86_64__)
    __asm__ volatile("pxor %%xmm7, %%xmm7\n fninit\n fldpi" ::: "xmm7");
#elif defined(__aarch64__)
    __asm__ volatile("movi v8.16b, #0\n msr fpcr, %0\n msr fpsr, %0" ::"r"(0L) : "v8");
#endif
}

// Registers, flags and FP state are the same after the handler has run.
static void test_registers(void)
{
    uint64_t in = 0x1234567890abcdefu, out = 0;
    long pid = getpid();
    install(SIGUSR1, use_fp, 0);
#if defined(__x86_64__)
    uint64_t flags = 0;
    long double st = 0;
    __asm__ volatile("movq %[in], %%xmm7\n"
                     "fld1\n"
                     "stc\n"
                     "syscall\n" // kill(pid, SIGUSR1)
                     "pushfq\n"
                     "pop %[flags]\n"
                     "fstpt %[st]\n"
                     "movq %%xmm7, %[out]\n"
                     : [out] "=&r"(out), [flags] "=&r"(flags), [st] "=m"(st)
                     : [in] "r"(in), "a"(62L), "D"(pid), "S"((long)SIGUSR1)
                     : "rcx", "r11", "xmm7", "memory");
    int fp_kept = st == 1.0L, carry = (int)(flags & 1);
#elif defined(__aarch64__)
    register long x0 __asm__("x0") = pid, x1 __asm__("x1") = SIGUSR1, x8 __asm__("x8") = 129;
    uint64_t fpcr = 0x00c00000, fpsr = 0x08000001, flags = 0; // towards zero; QC, IOC
    __asm__ volatile(
        "mov v8.d[1], %[in]\n"
        "msr fpcr, %[fpcr]\n"
        "msr fpsr, %[fpsr]\n"
        "cmp x8, #1\n"
        "svc #0\n" // kill(pid, SIGUSR1)
        "cset %[flags], cs\n"
        "mrs %[fpcr], fpcr\n"
        "mrs %[fpsr], fpsr\n"
        "msr fpcr, xzr\n"
        "mov %[out], v8.d[1]\n"
        : [out] "=&r"(out), [flags] "=&r"(flags), [fpcr] "+&r"(fpcr), [fpsr] "+&r"(fpsr), "+r"(x0)
        : [in] "r"(in), "r"(x1), "r"(x8)
        : "v8", "cc", "memory");
    int fp_kept = fpcr == 0x00c00000 && fpsr == 0x08000001, carry = (int)flags;
#endif
    printf("vector kept %d, FP state %d, carry %d\n", out == in, fp_kept, carry);
}

int main(void)
{
    test_basic();
    test_mask_and_queue();
    test_nodefer();
    test_resethand();
    test_altstack();
    test_restart();
    test_sigsuspend();
    test_inheritance();
    test_registers();
    SHOW(sigaction(SIGKILL, &(struct sigaction){.sa_handler = SIG_IGN}, NULL));
    SHOW(kill(getpid(), 0));
    SHOW(kill(getpid(), 99));
    return finish();
}
