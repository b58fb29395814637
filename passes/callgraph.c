// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// callgraph: which function called which, and how often, in Graphviz's language.
//
//   --pass=callgraph[:out=FILE]
//
// A function is a symbol, or the address that is called where there is none. A jump to another function (a tail call) is
// no call: what that function calls is put down to it all the same, by the address of the call.
#include "passes/edges.h"

typedef struct CallGraph {
    MynaPassHost *host;
    char *out;
} CallGraph;

static void *init(MynaPassHost *host, const char *args, char **error)
{
    static const char *const keys[] = {"out", NULL};
    *error = myna_args_check(args, keys);
    if (*error) {
        return NULL;
    }
    CallGraph *c = calloc(1, sizeof(*c));
    c->host = host;
    c->out = myna_arg(args, "out");
    if ((*error = host->check_output(host, c->out))) {
        return NULL;
    }
    edges_init(host, "callgraph");
    return c;
}

static bool run(void *self, MynaPassUnit *unit, char **error)
{
    (void)self;
    (void)error;
    for (LLVMValueRef fn = NULL; (fn = myna_function_next(unit->module, fn));) {
        for (MynaOp op = {.call = NULL}; myna_op_next(fn, &op);) {
            if (op.kind == MYNA_OP_CALL) {
                LLVMBuilderRef b = myna_builder_before(op.call);
                edges_count(unit, b, myna_i64(unit, op.pc), op.target);
                LLVMDisposeBuilder(b);
            }
        }
    }
    return true;
}

static void fork_child(void *self, void *block)
{
    (void)self;
    (void)block;
    edges_reset();
}

// An edge between functions: `from` and `to` become their first addresses, as far as symbols tell.
static void lift_to_functions(MynaPassHost *host, Edge *e)
{
    uint64_t offset;
    e->from -= host->symbol(host, e->from, &offset) ? offset : 0;
    e->to -= host->symbol(host, e->to, &offset) ? offset : 0;
}

static void print_name(MynaPassHost *host, FILE *f, uint64_t pc)
{
    uint64_t offset;
    const char *symbol = host->symbol(host, pc, &offset);
    if (!symbol) {
        fprintf(f, "\"0x%llx\"", (unsigned long long)pc);
        return;
    }
    fputc('"', f);
    for (; *symbol; symbol++) {
        fprintf(f, *symbol == '"' || *symbol == '\\' ? "\\%c" : "%c", *symbol);
    }
    fputc('"', f);
}

static void end(void *self, MynaPassEnd why)
{
    (void)why;
    const CallGraph *c = self;
    size_t n, size = 0;
    char *text = NULL;
    Edge *all = edges_sorted(&n);
    for (size_t i = 0; i < n; i++) {
        lift_to_functions(c->host, &all[i]);
    }
    qsort(all, n, sizeof(*all), edges_compare);
    FILE *f = open_memstream(&text, &size);
    fprintf(f, "digraph calls {\n");
    for (size_t i = 0; i < n; i++) {
        uint64_t count = all[i].count;
        while (i + 1 < n && edges_compare(&all[i], &all[i + 1]) == 0) {
            count += all[++i].count;
        }
        fputs("  ", f);
        print_name(c->host, f, all[i].from);
        fputs(" -> ", f);
        print_name(c->host, f, all[i].to);
        fprintf(f, " [label=%llu];\n", (unsigned long long)count);
    }
    fprintf(f, "}\n");
    fclose(f);
    edges_write(c->host, c->out, "callgraph", text, size);
    free(text);
    free(all);
}

const MynaPass myna_pass = {
    .version = MYNA_PASS_VERSION,
    .flags = MYNA_PASS_CACHEABLE,
    .name = "callgraph",
    .init = init,
    .run = run,
    .fork_child = fork_child,
    .end = end,
};
