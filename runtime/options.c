// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The option table, and what is made of it.  See options.h.
//
// Names follow QEMU's user mode; -x and --x are the same.  A new option is a row and a field.

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "options.h"
#include "process.h"
#include "tcg2llvm/instrument.h"

// Gives NULL, or what is wrong with the argument (a string that stays).
typedef const char *OptionSet(MynaOptions *o, const char *arg);

typedef enum OptionGroup {
    GROUP_GUEST,
    GROUP_ENGINE,
    GROUP_PASS,
    GROUP_LOG,
    GROUP_OTHER,
    GROUP_COUNT
} OptionGroup;
static const char *const group_titles[GROUP_COUNT] = {"Guest", "Engine", "Instrumentation",
                                                      "Seeing inside", "Other"};

typedef struct OptionRow {
    OptionGroup group;
    const char *name;
    const char
        *arg; // the argument's name, "[...]" when it may be left out, NULL when there is none
    const char *env; // environment variable without MYNA_, or NULL
    bool once;       // for the first program alone: not handed on at execve
    OptionSet *set;
    const char *help;    // what it does
    const char *example; // an example, what follows "myna"
} OptionRow;

// --- setters ------------------------------------------------------------------------------------

// Interned: the strings stay for the process's life.
#define SET_STRING(field)                                                                          \
    static const char *set_##field(MynaOptions *o, const char *arg)                                \
    {                                                                                              \
        o->field = g_intern_string(arg);                                                           \
        return NULL;                                                                               \
    }
SET_STRING(ld_prefix)
SET_STRING(argv0)
SET_STRING(cpu_model)
SET_STRING(uname_release)
SET_STRING(log_filename)
SET_STRING(log_filter)
SET_STRING(gdb)
SET_STRING(dump_ir)
SET_STRING(cache_dir)
SET_STRING(monitor)
SET_STRING(panda)
#undef SET_STRING

// A flag's environment variable: set and not "0".
static bool flag_value(const char *arg) { return !arg || strcmp(arg, "0") != 0; }

static const char *set_strace(MynaOptions *o, const char *arg)
{
    o->strace = flag_value(arg);
    return NULL;
}
static const char *set_precise(MynaOptions *o, const char *arg)
{
    o->precise = flag_value(arg);
    return NULL;
}
static const char *set_verify(MynaOptions *o, const char *arg)
{
    o->verify = flag_value(arg);
    return NULL;
}
static const char *set_no_cache(MynaOptions *o, const char *arg)
{
    o->no_cache = flag_value(arg);
    return NULL;
}
static const char *set_stats(MynaOptions *o, const char *arg)
{
    o->stats = flag_value(arg);
    return NULL;
}

static const char *set_perfmap(MynaOptions *o, const char *arg)
{
    o->perfmap = flag_value(arg);
    return NULL;
}
static const char *set_jitdump(MynaOptions *o, const char *arg)
{
    o->jitdump = flag_value(arg);
    return NULL;
}
static const char *set_gdb_jit(MynaOptions *o, const char *arg)
{
    o->gdb_jit = flag_value(arg);
    return NULL;
}

static const char *set_env(MynaOptions *o, const char *arg)
{
    if (!strchr(arg, '=') || *arg == '=') {
        return "it must be NAME=VALUE";
    }
    g_ptr_array_add(o->env_edits, g_strdup(arg));
    return NULL;
}
static const char *unset_env(MynaOptions *o, const char *arg)
{
    if (strchr(arg, '=') || !*arg) {
        return "it must be a variable's name";
    }
    g_ptr_array_add(o->env_edits, g_strdup(arg));
    return NULL;
}

// The environment has several, separated by semicolons.
static const char *add_plugin(MynaOptions *o, const char *arg)
{
    if (!*arg) {
        return "it must be FILE.so[,NAME=VALUE]...";
    }
    g_ptr_array_add(o->plugins, g_strdup(arg));
    return NULL;
}

static const char *add_panda_arg(MynaOptions *o, const char *arg)
{
    const char *colon = strchr(arg, ':');
    if (!colon || colon == arg || !colon[1] || colon[1] == '=') {
        return "it must be PLUGIN:KEY=VALUE";
    }
    g_ptr_array_add(o->panda_args, g_strdup(arg));
    return NULL;
}

static const char *set_stack_size(MynaOptions *o, const char *arg)
{
    char *end;
    errno = 0;
    uint64_t n = g_ascii_strtoull(arg, &end, 0);
    unsigned shift = 0;
    switch (*end) {
    case 'k':
    case 'K': shift = 10; break;
    case 'm':
    case 'M': shift = 20; break;
    case 'g':
    case 'G': shift = 30; break;
    }
    end += shift != 0;
    if (end == arg || *end || errno || *arg == '-' || n > ((uint64_t)1 << 40) >> shift) {
        return "it must be a number of bytes, with K, M or G behind it or not";
    }
    n <<= shift;
    if (n < 64 << 10) {
        return "a stack has at least 64K";
    }
    o->stack_size = n;
    return NULL;
}

static const char *set_log_items(MynaOptions *o, const char *arg)
{
    if (!strcmp(arg, "help")) {
        log_help(stdout);
        exit(0);
    }
    char *all = o->log_items ? g_strconcat(o->log_items, ",", arg, NULL) : g_strdup(arg);
    o->log_items = g_intern_string(all);
    g_free(all);
    return NULL;
}

static const char *set_llvm(MynaOptions *o, const char *arg)
{
    if (!arg || !strcmp(arg, "tiered")) {
        o->engine = ENGINE_TIERED;
    } else if (!strcmp(arg, "all")) {
        o->engine = ENGINE_LLVM_ALL;
    } else if (!strcmp(arg, "off")) {
        o->engine = ENGINE_QUICK;
    } else {
        return "it must be 'tiered', 'all' or 'off'";
    }
    o->llvm_given = o->engine != ENGINE_QUICK;
    return NULL;
}
static const char *set_tci(MynaOptions *o, const char *arg)
{
    if (flag_value(arg)) {
        o->engine = ENGINE_TCI;
        o->llvm_given = false;
    }
    return NULL;
}
enum { MAX_COMPILE_THREADS = 16 }; // LLVM_TIER_MAX_THREADS

static const char *set_hot(MynaOptions *o, const char *arg)
{
    char *end;
    errno = 0;
    uint64_t n = g_ascii_strtoull(arg, &end, 0);
    if (end == arg || *end || errno || *arg == '-' || n < 1 || n > UINT32_MAX) {
        return "it must be a number from 1 on";
    }
    o->hot = (uint32_t)n;
    return NULL;
}

static const char *set_compile_threads(MynaOptions *o, const char *arg)
{
    char *end;
    errno = 0;
    uint64_t n = g_ascii_strtoull(arg, &end, 0);
    if (end == arg || *end || errno || *arg == '-' || n < 1 || n > MAX_COMPILE_THREADS) {
        return "it must be a number from 1 to 16";
    }
    o->compile_threads = (unsigned)n;
    return NULL;
}

static const char *set_stress(MynaOptions *o, const char *arg)
{
    char *end;
    errno = 0;
    o->stress_seed = arg ? g_ascii_strtoull(arg, &end, 0) : 0;
    if (arg && (end == arg || *end || errno || *arg == '-')) {
        return "the seed must be a number";
    }
    o->stress = true;
    return NULL;
}

static void add_instrument(MynaOptions *o, InstrumentKind kind, const char *text)
{
    // Programs that the guest executes may start in another directory.
    size_t name = kind == INSTRUMENT_PASS ? strcspn(text, ":") : strlen(text);
    char *full = NULL;
    bool file = kind == INSTRUMENT_PASS
                    ? memchr(text, '/', name) || (name > 3 && !memcmp(text + name - 3, ".so", 3))
                    : kind != INSTRUMENT_PIPELINE;
    if (file && *text != '/') {
        char *directory = g_get_current_dir();
        full = g_strconcat(directory, "/", text, NULL);
        g_free(directory);
    }
    InstrumentItem item = {kind, g_intern_string(full ? full : text)};
    g_free(full);
    o->canonical = item.text;
    g_array_append_val(o->instruments, item);
}
static const char *set_pass(MynaOptions *o, const char *arg)
{
    if (!*arg || *arg == ':') {
        return "it must be a file or the name of a shipped pass, with :arguments behind it or not";
    }
    add_instrument(o, INSTRUMENT_PASS, arg);
    return NULL;
}
static const char *set_plugin(MynaOptions *o, const char *arg)
{
    add_instrument(o, INSTRUMENT_PLUGIN, arg);
    return NULL;
}
static const char *set_passes(MynaOptions *o, const char *arg)
{
    if (!*arg) {
        return "it must be a pipeline as opt's -passes takes it";
    }
    add_instrument(o, INSTRUMENT_PIPELINE, arg);
    return NULL;
}
static const char *set_library(MynaOptions *o, const char *arg)
{
    add_instrument(o, INSTRUMENT_LIBRARY, arg);
    return NULL;
}

static const char *set_guest_base(MynaOptions *o, const char *arg)
{
    (void)o;
    char *end;
    uint64_t n = g_ascii_strtoull(arg, &end, 0);
    return end != arg && !*end && n == 0 ? NULL : "guests of 64 bits run at base 0 only";
}
static const char *set_reserved_va(MynaOptions *o, const char *arg)
{
    (void)o;
    char *end;
    uint64_t n = g_ascii_strtoull(arg, &end, 0);
    return end != arg && !*end && n == 0 ? NULL
                                         : "guests of 64 bits share the host's address space";
}

static const char *show_help(MynaOptions *o, const char *arg)
{
    (void)o;
    (void)arg;
    options_help(stdout);
    exit(0);
}
static const char *show_version(MynaOptions *o, const char *arg)
{
    (void)o;
    (void)arg;
    printf("myna %s\n", MYNA_VERSION);
    exit(0);
}

// --- the table ----------------------------------------------------------------------------------

// clang-format off
static const OptionRow rows[] = {
    {GROUP_GUEST, "L", "DIR", "LD_PREFIX", false, set_ld_prefix,
     "look for the program's interpreter, its libraries and the absolute paths it opens under DIR first",
     "-L /srv/debian ./prog"},
    {GROUP_GUEST, "E", "NAME=VALUE", "SET_ENV", true, set_env,
     "set a variable in the program's environment (MYNA_SET_ENV: several, separated by commas)",
     "-E LANG=C ./prog"},
    {GROUP_GUEST, "U", "NAME", "UNSET_ENV", true, unset_env,
     "take a variable out of it (MYNA_UNSET_ENV: several, separated by commas)",
     "-U LD_PRELOAD ./prog"},
    {GROUP_GUEST, "0", "NAME", "ARGV0", true, set_argv0,
     "what the program gets as argv[0]",
     "-0 sh /bin/busybox -c 'echo hello'"},
    {GROUP_GUEST, "s", "SIZE", "STACK_SIZE", false, set_stack_size,
     "size of the program's stack in bytes; K, M or G may follow (RLIMIT_STACK unless told)",
     "-s 64M ./prog"},
    {GROUP_GUEST, "cpu", "MODEL[:MODEL]", "CPU", false, set_cpu_model,
     "the CPU that the program sees, the first of these that its machine has; `-cpu help` lists the "
     "models",
     "-cpu max ./prog"},
    {GROUP_GUEST, "r", "RELEASE", "UNAME", false, set_uname_release,
     "the kernel release that uname gives",
     "-r 5.10.0 ./prog"},
    {GROUP_GUEST, "B", "ADDRESS", "GUEST_BASE", false, set_guest_base,
     "host address of the guest's address 0; only 0 for 64-bit guests",
     "-B 0 ./prog"},
    {GROUP_GUEST, "R", "SIZE", "RESERVED_VA", false, set_reserved_va,
     "size of the guest's address space; only 0, the whole, for 64-bit guests",
     "-R 0 ./prog"},

    {GROUP_ENGINE, "llvm", "[tiered|all|off]", "LLVM", false, set_llvm,
     "tiered (the default): hot code is compiled by LLVM in the background; "
     "all: LLVM compiles every block before its first execution; "
     "off: the quick tier alone, which is not LLVM",
     "--llvm=all ./prog"},
    {GROUP_ENGINE, "tci", NULL, "TCI", false, set_tci,
     "the interpreter alone",
     "--tci ./prog"},
    {GROUP_ENGINE, "hot", "N", "HOT", false, set_hot,
     "with tiered: executions of a block before it is compiled",
     "--hot 50 ./prog"},
    {GROUP_ENGINE, "compile-threads", "N", "COMPILE_THREADS", false, set_compile_threads,
     "threads that compile hot code at the same time, 1 to 16; unless told, one fewer than cores, 4 at most",
     "--compile-threads 2 ./prog"},
    {GROUP_ENGINE, "no-cache", NULL, "NO_CACHE", false, set_no_cache,
     "neither use nor extend the cache of compiled code on disk (`myna cache status` shows it)",
     "--no-cache ./prog"},
    {GROUP_ENGINE, "cache-dir", "DIR", "CACHE_DIR", false, set_cache_dir,
     "where that cache is; unless told, myna in $XDG_CACHE_HOME or ~/.cache",
     "--cache-dir=/var/tmp/units ./prog"},
    {GROUP_ENGINE, "precise", NULL, "PRECISE", false, set_precise,
     "registers are exact at every memory access, even when no signal handler could see them",
     "--precise ./prog"},
    {GROUP_ENGINE, "verify", NULL, "VERIFY", false, set_verify,
     "run each block in the interpreter and under LLVM (with --llvm=off: in the quick tier), compare, "
     "stop at the first difference (status 70)",
     "--verify ./prog"},
    {GROUP_ENGINE, "stress", "[SEED]", "STRESS", false, set_stress,
     "flush and invalidate blocks, move them between tiers and interrupt the program at random moments; none of it "
     "may change what the program does",
     "--stress=7 ./prog"},

    {GROUP_PASS, "pass", "NAME[:ARGUMENTS]", "PASS", false, set_pass,
     "run a pass on all guest code: a file FILE.so, or one that comes with myna (callgraph, coverage, "
     "icount, memtrace, syscalls, taint); several run in the order given; implies --llvm=all",
     "--pass=icount:out=counts ./prog"},
    {GROUP_PASS, "load-pass-plugin", "FILE.so", "LOAD_PASS_PLUGIN", false, set_plugin,
     "load an LLVM pass plugin, as opt does, for --passes",
     "--load-pass-plugin=./my.so --passes=my-pass ./prog"},
    {GROUP_PASS, "passes", "PIPELINE", "PASSES", false, set_passes,
     "run LLVM passes on all guest code, as opt's -passes takes them; implies --llvm=all",
     "--passes='function(gvn,simplifycfg)' ./prog"},
    {GROUP_PASS, "instrument-lib", "FILE.bc", "INSTRUMENT_LIB", false, set_library,
     "call the hooks (on_load, on_block, ...) that a bitcode file defines, inlined where code is hot; implies "
     "--llvm=all",
     "--instrument-lib=hooks.bc ./prog"},

    {GROUP_LOG, "d", "ITEM,...", "LOG", false, set_log_items,
     "log these; `-d help` lists the items",
     "-d in_asm,op_opt ./prog"},
    {GROUP_LOG, "D", "FILE", "LOG_FILENAME", false, set_log_filename,
     "write the log to FILE, %d becoming the process id (unless told, to standard error)",
     "-d exec,nochain -D log.%d ./prog"},
    {GROUP_LOG, "dfilter", "RANGE,...", "DFILTER", false, set_log_filter,
     "log code at these guest addresses alone: START..LAST, START+LENGTH, START-LENGTH",
     "-d op -dfilter 0x401000+0x200 ./prog"},
    {GROUP_LOG, "plugin", "FILE[,NAME=VALUE]...", "PLUGIN", false, add_plugin,
     "load a plugin with QEMU's interface, with these arguments; several are called in their order "
     "(MYNA_PLUGIN: separated by semicolons)",
     "-plugin ./libhotblocks.so,inline=on -d plugin ./prog"},
    {GROUP_LOG, "panda", "NAME[:KEY=VALUE,...][;...]", "PANDA", false, set_panda,
     "load plugins with PANDA's interface: panda_NAME.so, looked for in $PANDA_PLUGIN_DIR and beside myna",
     "-panda 'syscalls;trace:base=dir' ./prog"},
    {GROUP_LOG, "panda-plugin", "FILE", NULL, false, add_plugin,
     "load this file, a plugin with PANDA's interface",
     "-panda-plugin ./panda_syscalls.so ./prog"},
    {GROUP_LOG, "panda-arg", "PLUGIN:KEY=VALUE", NULL, false, add_panda_arg,
     "an argument for a plugin of -panda or -panda-plugin",
     "-panda-plugin ./panda_trace.so -panda-arg trace:base=dir ./prog"},
    {GROUP_LOG, "strace", NULL, "STRACE", false, set_strace,
     "log system calls",
     "-strace ./prog"},
    {GROUP_LOG, "g", "PORT", "GDB", true, set_gdb,
     "wait for gdb at this TCP port of this machine (or HOST:PORT, or unix:PATH) before the first "
     "instruction",
     "-g 1234 ./prog"},
    {GROUP_LOG, "dump-ir", "DIR", "DUMP_IR", false, set_dump_ir,
     "write each unit's LLVM IR into DIR (made when missing), with an index; implies --llvm=all",
     "--dump-ir=ir ./prog"},
    {GROUP_LOG, "monitor", "stdio|unix:PATH", "MONITOR", false, set_monitor,
     "answer commands about the running program on a socket (%d in PATH becomes the process id) or on standard "
     "input and output, the program's own input being empty then; the command `help` lists them",
     "-monitor unix:/tmp/prog.%d ./prog"},
    {GROUP_LOG, "stats", NULL, "STATS", false, set_stats,
     "counters on standard error at the end",
     "--stats ./prog"},
    {GROUP_LOG, "perfmap", NULL, "PERFMAP", false, set_perfmap,
     "write /tmp/perf-PID.map: perf report shows guest symbols for compiled code",
     "-perfmap ./prog"},
    {GROUP_LOG, "jitdump", NULL, "JITDUMP", false, set_jitdump,
     "write jit-PID.dump here, for perf record -k mono and perf inject --jit: code and guest symbols",
     "-jitdump ./prog"},
    {GROUP_LOG, "gdb-jit", NULL, "GDB_JIT", false, set_gdb_jit,
     "tell gdb, when it debugs myna itself, which guest code compiled code came from",
     "--gdb-jit ./prog"},

    {GROUP_OTHER, "h", NULL, NULL, true, show_help, "this text", "-h"},
    {GROUP_OTHER, "help", NULL, NULL, true, show_help, "the same", "--help"},
    {GROUP_OTHER, "version", NULL, NULL, true, show_version, "the version", "-version"},
};
// clang-format on
enum { NB_ROWS = G_N_ELEMENTS(rows) };

static bool row_arg_optional(const OptionRow *r) { return r->arg && r->arg[0] == '['; }

// How the option is written: -x for one letter and for QEMU's names, --x for what QEMU does not have.
static const char *row_dashes(const OptionRow *r)
{
    static const char *const single[] = {"cpu",    "dfilter",   "jitdump",      "monitor",
                                         "panda",  "panda-arg", "panda-plugin", "perfmap",
                                         "plugin", "strace",    "version"};
    for (size_t i = 0; i < G_N_ELEMENTS(single); i++) {
        if (!strcmp(r->name, single[i])) {
            return "-";
        }
    }
    return strlen(r->name) == 1 ? "-" : "--";
}

static char *row_synopsis(const OptionRow *r)
{
    const char *d = row_dashes(r);
    if (!r->arg) {
        return g_strdup_printf("%s%s", d, r->name);
    }
    if (row_arg_optional(r)) {
        return g_strdup_printf("%s%s[=%s", d, r->name, r->arg + 1);
    }
    return g_strdup_printf("%s%s%s%s", d, r->name, *d && d[1] ? "=" : " ", r->arg);
}

// --- parsing ------------------------------------------------------------------------------------

static void usage_error(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
static void usage_error(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("myna: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputs(" (see myna -h)\n", stderr);
    va_end(ap);
    exit(EXIT_USAGE);
}

static void remember(MynaOptions *o, const OptionRow *r, const char *arg)
{
    if (r->once) {
        return;
    }
    arg = o->canonical ? o->canonical : arg;
    o->canonical = NULL;
    char *word = arg ? g_strdup_printf("--%s=%s", r->name, arg) : g_strdup_printf("--%s", r->name);
    g_ptr_array_add(o->given, word);
}

static void apply_environment(MynaOptions *o)
{
    for (unsigned i = 0; i < NB_ROWS; i++) {
        const OptionRow *r = &rows[i];
        char *name = r->env ? g_strconcat("MYNA_", r->env, NULL) : NULL;
        const char *value = name ? getenv(name) : NULL;
        bool several = r->set == set_env || r->set == unset_env || r->set == add_plugin;
        char *one[] = {(char *)value, NULL};
        char **words = several && value ? g_strsplit(value, r->set == add_plugin ? ";" : ",", -1)
                                        : NULL;
        for (char **w = words ? words : one; value && *value && *w; w++) {
            const char *wrong = r->set(o, *w);
            if (wrong) {
                usage_error("%s=%s: %s", name, value, wrong);
            }
            if (r->arg || flag_value(value)) {
                remember(o, r, r->arg ? (several ? *w : value) : NULL);
            }
        }
        g_strfreev(words);
        g_free(name);
    }
}

int options_parse(MynaOptions *o, int argc, char **argv)
{
    struct option longs[NB_ROWS + 1] = {0};
    for (unsigned i = 0; i < NB_ROWS; i++) {
        longs[i].name = rows[i].name;
        longs[i].has_arg = !rows[i].arg                 ? no_argument
                           : row_arg_optional(&rows[i]) ? optional_argument
                                                        : required_argument;
    }
    *o = (MynaOptions){
        .engine = ENGINE_TIERED,
        .hot = 0,
        .env_edits = g_ptr_array_new_with_free_func(g_free),
        .instruments = g_array_new(false, false, sizeof(InstrumentItem)),
        .given = g_ptr_array_new_with_free_func(g_free),
        .plugins = g_ptr_array_new_with_free_func(g_free),
        .panda_args = g_ptr_array_new_with_free_func(g_free),
    };
    apply_environment(o);

    opterr = 0;
    optind = 0; // from the start, also when called again
    for (;;) {
        int index = -1, at = optind ? optind : 1;
        int c = getopt_long_only(argc, argv, "+:", longs, &index);
        if (c == -1) {
            break;
        }
        const char *word = at < argc ? argv[at] : "";
        if (c == ':') {
            usage_error("%s needs an argument", word);
        }
        if (c == '?' || index < 0) {
            usage_error("there is no option %s, or it takes no argument", word);
        }
        const char *wrong = rows[index].set(o, optarg);
        if (wrong) {
            usage_error("%s%s %s: %s", row_dashes(&rows[index]), rows[index].name,
                        optarg ? optarg : "", wrong);
        }
        remember(o, &rows[index], optarg);
    }
    bool passes = o->instruments->len;
    if ((o->dump_ir || passes) && !o->verify && !(o->engine == ENGINE_LLVM_ALL)) {
        if (o->engine == ENGINE_TCI || o->engine == ENGINE_QUICK) {
            usage_error("%s LLVM, which %s is without", passes ? "passes need" : "--dump-ir needs",
                        o->engine == ENGINE_TCI ? "--tci" : "--llvm=off");
        }
        o->engine = ENGINE_LLVM_ALL;
    }
    if (o->verify && (o->plugins->len || o->panda)) {
        usage_error("--verify runs each block twice: plugins would see everything twice");
    }
    o->precise |= o->gdb != NULL; // who looks at registers wants them right
    if (o->verify && o->engine == ENGINE_TCI) {
        usage_error("--verify compares LLVM with the interpreter: it cannot go with --tci");
    }
    return optind;
}

void options_free(MynaOptions *o)
{
    g_ptr_array_unref(o->env_edits);
    g_ptr_array_unref(o->given);
    g_ptr_array_unref(o->plugins);
    g_ptr_array_unref(o->panda_args);
    g_array_unref(o->instruments);
}

char **options_argv(const MynaOptions *o)
{
    char **v = g_new0(char *, o->given->len + 1);
    for (unsigned i = 0; i < o->given->len; i++) {
        v[i] = o->given->pdata[i];
    }
    return v;
}

char **options_guest_environ(const MynaOptions *o, char **host_environ)
{
    char **env = g_strdupv(host_environ);
    for (unsigned i = 0; i < NB_ROWS; i++) {
        if (rows[i].env) {
            char *name = g_strconcat("MYNA_", rows[i].env, NULL);
            env = g_environ_unsetenv(env, name);
            g_free(name);
        }
    }
    for (unsigned i = 0; i < o->env_edits->len; i++) {
        const char *edit = o->env_edits->pdata[i];
        const char *eq = strchr(edit, '=');
        if (eq) {
            char *name = g_strndup(edit, eq - edit);
            env = g_environ_setenv(env, name, eq + 1, TRUE);
            g_free(name);
        } else {
            env = g_environ_unsetenv(env, edit);
        }
    }
    return env;
}

// --- texts --------------------------------------------------------------------------------------

// Prints text between the columns, the first line going on at the current one.
static void print_wrapped(FILE *f, const char *text, unsigned indent, unsigned width)
{
    char **words = g_strsplit(text, " ", -1);
    unsigned column = indent;
    for (char **w = words; *w; w++) {
        if (column > indent && column + 1 + strlen(*w) > width) {
            fprintf(f, "\n%*s", (int)indent, "");
            column = indent;
        }
        column += fprintf(f, "%s%s", column > indent ? " " : "", *w);
    }
    fputc('\n', f);
    g_strfreev(words);
}

void options_help(FILE *f)
{
    fprintf(f, "Usage: myna [options] program [arguments]\n"
               "       myna cache status|clear|path\n"
               "       myna lift FILE ADDRESS|SYMBOL [-O N]\n"
               "       myna binfmt install|remove|status|print [GUEST...]\n"
               "Runs a Linux program that was built for another machine.\n");
    for (int g = 0; g < GROUP_COUNT; g++) {
        fprintf(f, "\n%s:\n", group_titles[g]);
        for (unsigned i = 0; i < NB_ROWS; i++) {
            const OptionRow *r = &rows[i];
            if ((int)r->group != g) {
                continue;
            }
            char *synopsis = row_synopsis(r);
            fprintf(f, "  %-21s ", synopsis);
            if (strlen(synopsis) > 21) {
                fprintf(f, "\n%24s", "");
            }
            print_wrapped(f, r->help, 24, 96);
            fprintf(f, "%24s  e.g. myna %s\n", "", r->example);
            g_free(synopsis);
        }
    }
    fprintf(f, "\nEach option can also be given in the environment:\n ");
    unsigned column = 1;
    for (unsigned i = 0; i < NB_ROWS; i++) {
        if (rows[i].env) {
            if (column + strlen(rows[i].env) + 6 > 95) {
                fprintf(f, "\n ");
                column = 1;
            }
            column += fprintf(f, " MYNA_%s", rows[i].env);
        }
    }
    fprintf(
        f,
        "\n\nExit status: the program's own; 128+N in a shell when signal N ended it (myna ends "
        "by the\nsame signal); 126 when it cannot be run, 127 when there is none; 64 for a fault "
        "in the\ncommand line; 70 for a fault of myna's own.\n");
}

// Text for roff: a dash is a minus, a backslash an \e; a leading dot or quote cannot occur.
static void man_text(FILE *f, const char *text)
{
    for (; *text; text++) {
        if (*text == '-') {
            fputs("\\-", f);
        } else if (*text == '\\') {
            fputs("\\e", f);
        } else if (*text == '\'') {
            fputs("\\(aq", f);
        } else {
            fputc(*text, f);
        }
    }
}

void options_man(FILE *f)
{
    fprintf(f, ".SH OPTIONS\n");
    for (int g = 0; g < GROUP_COUNT; g++) {
        fprintf(f, ".SS %s\n", group_titles[g]);
        for (unsigned i = 0; i < NB_ROWS; i++) {
            const OptionRow *r = &rows[i];
            if ((int)r->group != g) {
                continue;
            }
            char *synopsis = row_synopsis(r);
            fprintf(f, ".TP\n\\fB");
            man_text(f, synopsis);
            fprintf(f, "\\fR\n");
            man_text(f, r->help);
            if (r->env) {
                fprintf(f, ".\nEnvironment: \\fBMYNA_%s\\fR", r->env);
            }
            fprintf(f, ".\nExample: \\fBmyna ");
            man_text(f, r->example);
            fprintf(f, "\\fR\n");
            g_free(synopsis);
        }
    }
}
