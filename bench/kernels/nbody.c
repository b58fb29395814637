// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Benchmark kernel: floating point. Bodies under gravity, integrated in double precision, with the
// total energy as the check: every bit of every operation shows in it.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BODIES = 6 };

typedef struct Body {
    double position[3], velocity[3], mass;
} Body;

static Body bodies[BODIES];

static void set_up(void)
{
    bodies[0].mass = 40.0;
    for (int i = 1; i < BODIES; i++) {
        double radius = 1.5 * i, speed = sqrt(40.0 / radius);
        bodies[i].mass = 0.01 / i;
        bodies[i].position[i % 2] = radius;
        bodies[i].position[2] = 0.05 * i;
        bodies[i].velocity[(i + 1) % 2] = speed;
        for (int k = 0; k < 3; k++)
            bodies[0].velocity[k] -= bodies[i].velocity[k] * bodies[i].mass / bodies[0].mass;
    }
}

static void step(double dt)
{
    for (int i = 0; i < BODIES; i++) {
        for (int j = i + 1; j < BODIES; j++) {
            double d[3], square = 0;
            for (int k = 0; k < 3; k++) {
                d[k] = bodies[i].position[k] - bodies[j].position[k];
                square += d[k] * d[k];
            }
            double pull = dt / (square * sqrt(square));
            for (int k = 0; k < 3; k++) {
                bodies[i].velocity[k] -= d[k] * bodies[j].mass * pull;
                bodies[j].velocity[k] += d[k] * bodies[i].mass * pull;
            }
        }
    }
    for (int i = 0; i < BODIES; i++) {
        for (int k = 0; k < 3; k++)
            bodies[i].position[k] += dt * bodies[i].velocity[k];
    }
}

static double energy(void)
{
    double total = 0;
    for (int i = 0; i < BODIES; i++) {
        for (int k = 0; k < 3; k++)
            total += 0.5 * bodies[i].mass * bodies[i].velocity[k] * bodies[i].velocity[k];
        for (int j = i + 1; j < BODIES; j++) {
            double square = 0;
            for (int k = 0; k < 3; k++) {
                double d = bodies[i].position[k] - bodies[j].position[k];
                square += d * d;
            }
            total -= bodies[i].mass * bodies[j].mass / sqrt(square);
        }
    }
    return total;
}

int main(int argc, char **argv)
{
    long n = argc > 1 ? strtol(argv[1], NULL, 10) : 1000;
    set_up();
    printf("%a\n", energy());
    for (long i = 0; i < n; i++)
        step(0.0005);
    printf("%a %a\n", energy(), bodies[BODIES - 1].position[0]);
    return 0;
}
