// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counters for --stats.

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "process.h"
#include "stats.h"
#include "tier-host.h"

Stats stats;
static FILE *out; // standard error as it was, for the guest may close its own

void stats_start(void)
{
    int fd = dup(STDERR_FILENO);
    fd = fd < 0 ? fd : process_own_fd(fd);
    out = fd < 0 ? NULL : fdopen(fd, "w");
}

static uint64_t now_ns(clockid_t clock)
{
    if (!myna_options || !myna_options->stats) {
        return 0;
    }
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t stats_now_ns(void) { return now_ns(CLOCK_MONOTONIC); }
uint64_t stats_cpu_ns(void) { return now_ns(CLOCK_THREAD_CPUTIME_ID); }

void stats_print_last(void)
{
    stats_print(out ? out : stderr);
    fflush(out);
}

void stats_print(FILE *f)
{
    static const struct {
        const char *text;
        const uint64_t *value;
    } rows[] = {
#define STAT(name, text) {text, &stats.name},
        STATS_TABLE
#undef STAT
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fprintf(f, "%14" PRIu64 "  %s\n", *rows[i].value, rows[i].text);
    }
    tier_host_print_stats(f);
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    fprintf(f, "%14ld  KiB of resident memory, at most\n", u.ru_maxrss);
}
