// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Benchmark kernel: a mixture of what small controllers do, in the spirit of CoreMark: a linked list that is searched,
// reversed and merge-sorted, a small matrix of shorts, a state machine that reads numbers, and a CRC over
// what comes out.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { NODES = 60, SIDE = 10, NUMBERS = 400 };

typedef struct Node {
    struct Node *next;
    int16_t key, value;
} Node;

static Node nodes[NODES];
static int16_t left[SIDE][SIDE], right[SIDE][SIDE];
static int32_t product[SIDE][SIDE];
static char numbers[NUMBERS + 1];

static uint16_t crc16(uint32_t data, uint16_t crc)
{
    for (int i = 0; i < 32; i++) {
        int bit = (data ^ crc) & 1;
        crc >>= 1;
        data >>= 1;
        if (bit)
            crc ^= 0xa001;
    }
    return crc;
}

static Node *reverse(Node *list)
{
    Node *result = NULL;
    while (list) {
        Node *next = list->next;
        list->next = result;
        result = list;
        list = next;
    }
    return result;
}

static Node *find(Node *list, int16_t key)
{
    while (list && list->key != key)
        list = list->next;
    return list;
}

static Node *merge_sort(Node *list, int by_value)
{
    if (!list || !list->next)
        return list;
    Node *slow = list, *fast = list->next;
    while (fast && fast->next) {
        slow = slow->next;
        fast = fast->next->next;
    }
    Node *b = merge_sort(slow->next, by_value);
    slow->next = NULL;
    Node *a = merge_sort(list, by_value), head = {0}, *tail = &head;
    while (a && b) {
        int less = by_value ? a->value <= b->value : a->key <= b->key;
        Node **from = less ? &a : &b;
        tail->next = *from;
        tail = *from;
        *from = tail->next;
    }
    tail->next = a ? a : b;
    return head.next;
}

static uint32_t multiply(int16_t by)
{
    uint32_t sum = 0;
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            int32_t total = 0;
            for (int k = 0; k < SIDE; k++)
                total += left[i][k] * right[k][j];
            product[i][j] = total + by;
            sum += (uint32_t)(total >> 3 & 0x7f);
        }
    }
    return sum;
}

typedef enum State { START, SIGN, INTEGER, POINT, FRACTION, EXPONENT, BAD, STATES } State;

static void read_numbers(uint32_t counts[STATES])
{
    State state = START;
    for (const char *p = numbers; *p; p++) {
        char c = *p;
        int digit = c >= '0' && c <= '9';
        if (c == ',') {
            counts[state]++;
            state = START;
            continue;
        }
        switch (state) {
        case START:
            state = digit ? INTEGER : c == '-' || c == '+' ? SIGN : c == '.' ? POINT : BAD;
            break;
        case SIGN: state = digit ? INTEGER : c == '.' ? POINT : BAD; break;
        case INTEGER:
            if (!digit)
                state = c == '.' ? FRACTION : c == 'e' ? EXPONENT : BAD;
            break;
        case POINT: state = digit ? FRACTION : BAD; break;
        case FRACTION:
            if (!digit)
                state = c == 'e' ? EXPONENT : BAD;
            break;
        case EXPONENT:
            if (!digit && c != '-')
                state = BAD;
            break;
        case BAD:
        case STATES: break;
        }
    }
}

int main(int argc, char **argv)
{
    static const char alphabet[] = "0123456789.e-+,x12,3,";
    long n = argc > 1 ? strtol(argv[1], NULL, 10) : 10;
    uint32_t seed = 3;
    for (int i = 0; i < NUMBERS; i++) {
        seed = seed * 1664525 + 1013904223;
        numbers[i] = alphabet[(seed >> 20) % (sizeof alphabet - 1)];
    }
    for (int i = 0; i < NODES; i++) {
        seed = seed * 1664525 + 1013904223;
        nodes[i] = (Node){i + 1 < NODES ? &nodes[i + 1] : NULL, (int16_t)i, (int16_t)(seed >> 18)};
    }
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            left[i][j] = (int16_t)(i * 3 - j);
            right[i][j] = (int16_t)(i + j * 2);
        }
    }
    Node *list = nodes;
    uint16_t crc = 0xffff;
    for (long round = 0; round < n; round++) {
        for (int i = 0; i < 8; i++) {
            Node *hit = find(list, (int16_t)((round + i * 7) % (NODES + 4)));
            if (hit)
                hit->value = (int16_t)(hit->value + i);
            list = reverse(list);
        }
        list = merge_sort(list, 1);
        crc = crc16((uint32_t)list->value, crc);
        list = merge_sort(list, 0);
        left[round % SIDE][crc % SIDE] = (int16_t)(crc & 255);
        crc = crc16(multiply((int16_t)round), crc);
        uint32_t counts[STATES] = {0};
        numbers[round % NUMBERS] = alphabet[crc % (sizeof alphabet - 1)];
        read_numbers(counts);
        for (int i = 0; i < STATES; i++)
            crc = crc16(counts[i], crc);
    }
    printf("%x\n", crc);
    return 0;
}
