// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constant folding of integer ops, in plain functions on values.

#include "tcg-fold.h"

#include <glib.h>
#include <string.h>

static uint16_t wide[TCG_OP_COUNT];

__attribute__((constructor)) static void find_wide_opcodes(void)
{
    static const char *const names[TCG_OP_COUNT] = {
#define DEF(name, sig, flags) [INDEX_op_##name] = #name,
#include "tcg-opc.h"
    };
    for (unsigned i = 0; i < TCG_OP_COUNT; i++) {
        size_t len = strlen(names[i]);
        wide[i] = (uint16_t)i;
        if (len <= 4 || strcmp(names[i] + len - 4, "_i32") != 0) {
            continue;
        }
        for (unsigned j = 0; j < TCG_OP_COUNT; j++) {
            if (strlen(names[j]) == len && !strncmp(names[i], names[j], len - 4) &&
                !strcmp(names[j] + len - 4, "_i64")) {
                wide[i] = (uint16_t)j;
            }
        }
    }
}

TCGOpcode tcg_wide_opcode(TCGOpcode opc) { return (TCGOpcode)wide[opc]; }

static uint64_t bit_reverse(uint64_t v) { return __builtin_bitreverse64(v); }

bool tcg_fold_binary(TCGOpcode opc, bool is32, uint64_t a, uint64_t b, uint64_t *result)
{
    const unsigned bits = is32 ? 32 : 64;
    const int64_t sa = is32 ? (int32_t)a : (int64_t)a, sb = is32 ? (int32_t)b : (int64_t)b;
    const unsigned count = b & (bits - 1);
    uint64_t r;

    switch (opc) {
    case INDEX_op_add_i64: r = a + b; break;
    case INDEX_op_sub_i64: r = a - b; break;
    case INDEX_op_mul_i64: r = a * b; break;
    case INDEX_op_and_i64: r = a & b; break;
    case INDEX_op_or_i64: r = a | b; break;
    case INDEX_op_xor_i64: r = a ^ b; break;
    case INDEX_op_andc_i64: r = a & ~b; break;
    case INDEX_op_orc_i64: r = a | ~b; break;
    case INDEX_op_eqv_i64: r = ~(a ^ b); break;
    case INDEX_op_nand_i64: r = ~(a & b); break;
    case INDEX_op_nor_i64: r = ~(a | b); break;
    case INDEX_op_shl_i64: r = a << count; break;
    case INDEX_op_shr_i64: r = a >> count; break;
    case INDEX_op_sar_i64: r = (uint64_t)(sa >> count); break;
    case INDEX_op_rotl_i64:
        r = count ? a << count | a >> (bits - count) : a;
        break;
    case INDEX_op_rotr_i64:
        r = count ? a >> count | a << (bits - count) : a;
        break;
    case INDEX_op_clz_i64:
        r = a ? (unsigned)__builtin_clzll(a) - (64 - bits) : b;
        break;
    case INDEX_op_ctz_i64:
        r = a ? (unsigned)__builtin_ctzll(a) : b;
        break;
    case INDEX_op_muluh_i64:
        r = is32 ? a * b >> 32 : (uint64_t)((unsigned __int128)a * b >> 64);
        break;
    case INDEX_op_mulsh_i64:
        r = (uint64_t)(is32 ? sa * sb >> 32 : (int64_t)((__int128)sa * sb >> 64));
        break;
    case INDEX_op_div_i64:
    case INDEX_op_rem_i64:
        if (sb == 0 || (sb == -1 && sa == (is32 ? INT32_MIN : INT64_MIN))) {
            return false;
        }
        r = (uint64_t)(opc == INDEX_op_div_i64 ? sa / sb : sa % sb);
        break;
    case INDEX_op_divu_i64:
    case INDEX_op_remu_i64:
        if (b == 0) {
            return false;
        }
        r = opc == INDEX_op_divu_i64 ? a / b : a % b;
        break;
    default:
        return false;
    }
    *result = is32 ? (uint32_t)r : r;
    return true;
}

bool tcg_fold_unary(TCGOpcode opc, bool is32, uint64_t a, uint64_t *result)
{
    uint64_t r;

    switch (opc) {
    case INDEX_op_not_i64: r = ~a; break;
    case INDEX_op_neg_i64: r = -a; break;
    case INDEX_op_ext8s_i64: r = (uint64_t)(int64_t)(int8_t)a; break;
    case INDEX_op_ext8u_i64: r = (uint8_t)a; break;
    case INDEX_op_ext16s_i64: r = (uint64_t)(int64_t)(int16_t)a; break;
    case INDEX_op_ext16u_i64: r = (uint16_t)a; break;
    case INDEX_op_ext32s_i64:
    case INDEX_op_ext_i32_i64: r = (uint64_t)(int64_t)(int32_t)a; break;
    case INDEX_op_ext32u_i64:
    case INDEX_op_extu_i32_i64:
    case INDEX_op_extrl_i64_i32: r = (uint32_t)a; break;
    case INDEX_op_extrh_i64_i32: r = a >> 32; break;
    case INDEX_op_bswap16_i64: r = __builtin_bswap16((uint16_t)a); break;
    case INDEX_op_bswap32_i64: r = __builtin_bswap32((uint32_t)a); break;
    case INDEX_op_bswap64_i64: r = __builtin_bswap64(a); break;
    case INDEX_op_ctpop_i64: r = (unsigned)__builtin_popcountll(a); break;
    case INDEX_op_bitrev_i64: r = is32 ? bit_reverse(a) >> 32 : bit_reverse(a); break;
    default:
        return false;
    }
    *result = is32 ? (uint32_t)r : r;
    return true;
}

bool tcg_fold_cond(TCGCond cond, bool is32, uint64_t a, uint64_t b)
{
    const int64_t sa = is32 ? (int32_t)a : (int64_t)a, sb = is32 ? (int32_t)b : (int64_t)b;

    switch (cond) {
    case TCG_COND_NEVER: return false;
    case TCG_COND_ALWAYS: return true;
    case TCG_COND_EQ: return a == b;
    case TCG_COND_NE: return a != b;
    case TCG_COND_LT: return sa < sb;
    case TCG_COND_GE: return sa >= sb;
    case TCG_COND_LE: return sa <= sb;
    case TCG_COND_GT: return sa > sb;
    case TCG_COND_LTU: return a < b;
    case TCG_COND_GEU: return a >= b;
    case TCG_COND_LEU: return a <= b;
    case TCG_COND_GTU: return a > b;
    case TCG_COND_TSTEQ: return (a & b) == 0;
    case TCG_COND_TSTNE: return (a & b) != 0;
    case TCG_COND_COUNT: break;
    }
    g_assert_not_reached();
}

uint64_t tcg_fold_extract(uint64_t a, unsigned ofs, unsigned len, bool is_signed, bool is32)
{
    uint64_t r = a << (64 - ofs - len);
    r = is_signed ? (uint64_t)((int64_t)r >> (64 - len)) : r >> (64 - len);
    return is32 ? (uint32_t)r : r;
}

uint64_t tcg_fold_deposit(uint64_t a, uint64_t b, unsigned ofs, unsigned len)
{
    uint64_t mask = (len < 64 ? (1ull << len) - 1 : ~0ull) << ofs;
    return (a & ~mask) | (b << ofs & mask);
}
