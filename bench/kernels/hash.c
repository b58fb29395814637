// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Benchmark kernel: hashing. A mixing hash over a buffer, a table of words with open addressing, and CRC-32 by
// table: multiplications, shifts, dependent loads.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 1 << 16, TABLE = 1 << 15 };

static uint8_t text[TEXT];
static uint64_t table[TABLE];
static uint32_t crc_table[256];
static uint32_t seed = 1;

static uint32_t draw(void)
{
    seed = seed * 1664525 + 1013904223;
    return seed >> 3;
}

static uint64_t mix(const uint8_t *bytes, size_t size)
{
    uint64_t h = 0x9e3779b97f4a7c15 ^ size;
    for (; size >= 8; bytes += 8, size -= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        word *= 0xc6a4a7935bd1e995;
        word ^= word >> 47;
        h = (h ^ word * 0xc6a4a7935bd1e995) * 0xc6a4a7935bd1e995;
    }
    return h ^ h >> 31;
}

static uint32_t fnv(const uint8_t *bytes, size_t size)
{
    uint32_t h = 2166136261;
    while (size--)
        h = (h ^ *bytes++) * 16777619;
    return h;
}

static uint32_t crc(const uint8_t *bytes, size_t size)
{
    uint32_t c = 0xffffffff;
    while (size--)
        c = crc_table[(c ^ *bytes++) & 255] ^ c >> 8;
    return ~c;
}

static uint64_t probe(void)
{
    uint64_t found = 0;
    memset(table, 0, sizeof table);
    for (uint32_t i = 0; i < TABLE / 2; i++) {
        uint64_t key = draw() % 40000 + 1;
        uint32_t at = (uint32_t)(key * 0x9e3779b97f4a7c15 >> 49);
        while (table[at] && table[at] >> 32 != key)
            at = (at + 1) % TABLE;
        found += table[at] & 0xffffffff;
        table[at] = key << 32 | ((table[at] + 1) & 0xffffffff);
    }
    return found;
}

int main(int argc, char **argv)
{
    long n = argc > 1 ? strtol(argv[1], NULL, 10) : 10;
    for (uint32_t i = 0; i < 256; i++) {
        crc_table[i] = i;
        for (int k = 0; k < 8; k++)
            crc_table[i] = crc_table[i] >> 1 ^ (crc_table[i] & 1 ? 0xedb88320 : 0);
    }
    for (uint32_t i = 0; i < TEXT; i++)
        text[i] = (uint8_t)draw();
    uint64_t sum = 0;
    for (long i = 0; i < n; i++) {
        text[i % TEXT] ^= (uint8_t)i;
        sum = sum * 31 + mix(text, TEXT) + fnv(text, TEXT / 4) + crc(text, TEXT / 4) + probe();
    }
    printf("%llx\n", (unsigned long long)sum);
    return 0;
}
