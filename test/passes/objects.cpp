// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A library of hooks in C++ that has objects: made when it is loaded, at a first use, for each thread; destroyed when the
// process ends. What happens is told in the order in which it happens, and counted in containers.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

// Not inline: its constructors are one function with two names.
class Word
{
  public:
    explicit Word(const char *text);
    ~Word();
    std::string text;
};

static void say(const std::string &what, const std::string &text)
{
    fprintf(stderr, "%s %s\n", what.c_str(), text.c_str());
}

Word::Word(const char *name) : text(name) { say("made", text); }
Word::~Word() { say("destroyed", text); }

__attribute__((constructor(101))) static void before_all() { say("function", "first"); }
__attribute__((destructor(101))) static void behind_all() { say("function", "last"); }

static Word one("one"), two("two");
static std::map<uint64_t, uint64_t> blocks;
static std::vector<uint64_t> targets(1, 7);
thread_local Word of_thread("of a thread");
thread_local std::vector<uint64_t> calls;

static void at_exit() { say("function", "atexit"); }

static Word &late()
{
    static Word word("late");
    return word;
}

extern "C" {
void on_start(const char *guest)
{
    say("start", guest);
    atexit(at_exit);
}
void on_block(uint64_t pc, uint32_t insns) { blocks[pc] += insns; }
void on_call(uint64_t pc, uint64_t target, uint64_t)
{
    if (calls.empty()) {
        say("call", of_thread.text + ", " + late().text);
    }
    calls.push_back(pc);
    if (targets.back() != target) {
        targets.push_back(target);
    }
}
void on_end()
{
    uint64_t insns = 0;
    for (const auto &block : blocks) {
        insns += block.second;
    }
    fprintf(stderr, "end insns=%llu calls=%zu targets=%zu\n",
            static_cast<unsigned long long>(insns), calls.size(), targets.size());
}
}
