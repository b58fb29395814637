// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A pass that is told of string instructions' accesses at once, and of other helpers' one by one.
#include <stdio.h>

#include "passes/pass.h"

static unsigned long copies, copied, fills, filled, others, wrong;

static void *init(MynaPassHost *host, const char *args, char **error)
{
    (void)args, (void)error;
    return host;
}

static bool run(void *self, MynaPassUnit *unit, char **error)
{
    (void)self, (void)error;
    myna_watch_helpers(unit);
    return true;
}

static void access_(void *self, void *env, void *block, uint64_t pc, uint64_t addr, uint64_t size,
                    bool write)
{
    (void)self, (void)env, (void)block, (void)pc, (void)addr, (void)size, (void)write;
    others++;
}

static void access_run(void *self, void *env, void *block, uint64_t pc, const MynaAccessRun *r)
{
    (void)self, (void)env, (void)block, (void)pc;
    *(r->copy ? &copies : &fills) += 1;
    *(r->copy ? &copied : &filled) += r->n * r->size;
    wrong += r->step != (int64_t)r->size || (r->copy && r->from == r->addr);
}

static void end(void *self, MynaPassEnd why)
{
    (void)self, (void)why;
    fprintf(stderr, "copies=%lu of %lu fills=%lu of %lu others=%d wrong=%lu\n", copies, copied,
            fills, filled, others > 0, wrong);
}

const MynaPass myna_pass = {
    .version = MYNA_PASS_VERSION,
    .flags = MYNA_PASS_ACCESS_RUNS,
    .name = "runs",
    .init = init,
    .run = run,
    .access = access_,
    .access_run = access_run,
    .end = end,
};
