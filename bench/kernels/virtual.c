// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Benchmark kernel: virtual calls. Objects of six classes in an order that no predictor knows by heart, each
// called through its class's table, as C++ does it.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Shape Shape;

typedef struct Class {
    uint64_t (*area)(const Shape *);
    uint64_t (*outline)(const Shape *);
    void (*grow)(Shape *, uint32_t by);
} Class;

struct Shape {
    const Class *class;
    uint32_t a, b;
};

static uint64_t square_area(const Shape *s) { return (uint64_t)s->a * s->a; }
static uint64_t square_outline(const Shape *s) { return 4ULL * s->a; }
static void square_grow(Shape *s, uint32_t by) { s->a += by; }
static uint64_t oblong_area(const Shape *s) { return (uint64_t)s->a * s->b; }
static uint64_t oblong_outline(const Shape *s) { return 2ULL * s->a + 2ULL * s->b; }
static void oblong_grow(Shape *s, uint32_t by) { s->b = (s->b + by) & 0xffff; }
static uint64_t triangle_area(const Shape *s) { return (uint64_t)s->a * s->b / 2; }
static uint64_t triangle_outline(const Shape *s) { return 3ULL * s->a + (s->b ^ s->a); }
static void triangle_grow(Shape *s, uint32_t by) { s->a = (s->a ^ by) & 0xfff; }
static uint64_t point_area(const Shape *s) { return s->a & 1; }
static uint64_t point_outline(const Shape *s) { return s->b & 3; }
static void point_grow(Shape *s, uint32_t by) { s->b += by + s->a; }

static const Class classes[] = {
    {square_area, square_outline, square_grow},       {oblong_area, oblong_outline, oblong_grow},
    {triangle_area, triangle_outline, triangle_grow}, {point_area, point_outline, point_grow},
    {square_area, oblong_outline, triangle_grow},     {triangle_area, square_outline, oblong_grow},
};

enum { SHAPES = 1000 };

int main(int argc, char **argv)
{
    long n = argc > 1 ? strtol(argv[1], NULL, 10) : 10;
    static Shape shapes[SHAPES];
    uint32_t seed = 7;
    for (int i = 0; i < SHAPES; i++) {
        seed = seed * 1664525 + 1013904223;
        shapes[i] = (Shape){&classes[(seed >> 20) % 6], seed >> 24, seed >> 16 & 255};
    }
    uint64_t sum = 0;
    for (long round = 0; round < n; round++) {
        for (int i = 0; i < SHAPES; i++) {
            Shape *s = &shapes[i];
            sum += s->class->area(s);
            s->class->grow(s, (uint32_t)sum & 7);
            sum ^= s->class->outline(s);
        }
    }
    printf("%llx\n", (unsigned long long)sum);
    return 0;
}
