// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory under the interpreter: guest loads, stores and atomics of every size, the folding of addresses,
// the hooks, and accesses to the CPU state.
//
// LINK: myna_tcg

#include "interp-blocks.h"

// --- guest memory ----------------------------------------------------------------------------------

static void test_loads(void **state)
{
    (void)state;
    static const MemOp ops64[] = {MO_UB,
                                  MO_SB,
                                  MO_UW,
                                  MO_SW,
                                  MO_UL,
                                  MO_SL,
                                  MO_UQ,
                                  MO_UW | MO_BSWAP,
                                  MO_SW | MO_BSWAP,
                                  MO_UL | MO_BSWAP,
                                  MO_SL | MO_BSWAP,
                                  MO_UQ | MO_BSWAP,
                                  MO_UB | MO_BSWAP};
    for (unsigned i = 0; i < sizeof(ops64) / sizeof(ops64[0]); i++) {
        MemOp mop = ops64[i];
        unsigned size = 1u << (mop & MO_SIZE);
        for (unsigned how = 0; how < 3;
             how++) { // a register, a constant, a constant and a guest base
            setup(NULL);
            memory[65] = 0x80, memory[66] = 0x91, memory[67] = 0xa2, memory[68] = 0xb3;
            tcg_ctx->guest_base = how == 2 ? 0x1000 : 0;
            TCGv_i64 addr = how ? k64(at(65) - tcg_ctx->guest_base) : g(1);
            tcg_gen_qemu_ld_i64(g(0), addr, mop);
            bool narrow = size <= 4;
            if (narrow) {
                TCGv_i32 t = tcg_temp_new_i32();
                tcg_gen_qemu_ld_i32(t, addr, mop);
                tcg_gen_st_i32(t, tcg_env(), offsetof(TestEnv, out[0]));
            }
            tcg_gen_exit_tb(0);
            test_block_finish(&one);
            env.g[1] = at(65);
            test_block_run(&one);
            uint64_t raw = 0;
            memcpy(&raw, memory + 65, size);
            if (mop & MO_BSWAP) {
                raw = __builtin_bswap64(raw) >> (64 - 8 * size);
            }
            uint64_t expected = mop & MO_SIGN ? (uint64_t)((int64_t)(raw << (64 - 8 * size)) >>
                                                           (64 - 8 * size))
                                              : raw;
            if (env.g[0] != expected || (narrow && env.out[0].l[0] != (uint32_t)expected)) {
                fail_msg("load with MemOp %#x (way %u): %#llx and %#x, expected %#llx", mop, how,
                         (unsigned long long)env.g[0], env.out[0].l[0],
                         (unsigned long long)expected);
            }
        }
    }
}

static void test_stores(void **state)
{
    (void)state;
    const uint64_t value = 0xffffffff89abcdefull;
    for (unsigned i = 0; i < 4 * 2 * 2 * 3 * 2; i++) {
        MemOp size = (MemOp)(i % 4), swap = i / 4 & 1 ? MO_BSWAP : 0;
        bool constant = i / 8 & 1, narrow = i / 48 & 1;
        unsigned how = i / 16 % 3; // as above
        if (narrow && size == MO_64) {
            continue;
        }
        setup(NULL);
        tcg_ctx->guest_base = how == 2 ? 0x1000 : 0;
        TCGv_i64 addr = how == 1 ? k64(at(65)) : g(1);
        if (narrow) {
            TCGv_i32 t = tcg_temp_new_i32();
            tcg_gen_extrl_i64_i32(t, g(2));
            tcg_gen_qemu_st_i32(constant ? tcg_constant_i32((int32_t)value) : t, addr, size | swap);
        } else {
            tcg_gen_qemu_st_i64(constant ? k64(value) : g(2), addr, size | swap);
        }
        tcg_gen_exit_tb(0);
        test_block_finish(&one);
        env.g[1] = at(65) - tcg_ctx->guest_base;
        env.g[2] = value;
        uint8_t expected[sizeof(memory)];
        memcpy(expected, memory, sizeof(memory));
        uint64_t v = swap ? __builtin_bswap64(value) >> (64 - (8 << size)) : value;
        memcpy(expected + 65, &v, 1u << size);
        test_block_run(&one);
        if (memcmp(memory, expected, sizeof(memory)) != 0) {
            fail_msg("store of %u bytes%s%s%s (way %u)", 1u << size, swap ? ", swapped" : "",
                     constant ? ", constant" : "", narrow ? ", i32" : "", how);
        }
    }
}

// i128, FP and vector accesses: the register's size, unaligned.
static void test_wide_accesses(void **state)
{
    (void)state;
    TCGv_i128 o = tcg_temp_new_i128();
    TCGv_f32 s = tcg_temp_new_f32();
    TCGv_f64 d = tcg_temp_new_f64();
    TCGv_vec h = tcg_temp_new_v64(), x = tcg_temp_new_v128(), y = tcg_temp_new_v256();
    tcg_gen_qemu_ld_i128(o, k64(at(3)), MO_128);
    tcg_gen_qemu_st_i128(o, k64(at(1003)), MO_128);
    tcg_gen_qemu_st_i128(o, k64(at(1103)), MO_128 | MO_BSWAP);
    tcg_gen_qemu_ld_f32(s, k64(at(21)), MO_32);
    tcg_gen_qemu_st_f32(s, k64(at(1021)), MO_32);
    tcg_gen_qemu_ld_f64(d, g(0), MO_64);
    tcg_gen_qemu_st_f64(d, k64(at(1029)), MO_64);
    tcg_gen_qemu_ld_vec(h, k64(at(41)), MO_64);
    tcg_gen_qemu_st_vec(h, k64(at(1041)), MO_64);
    tcg_gen_qemu_ld_vec(x, k64(at(51)), MO_128);
    tcg_gen_qemu_st_vec(x, g(1), MO_128);
    tcg_gen_qemu_ld_vec(y, k64(at(71)), MO_256);
    tcg_gen_qemu_st_vec(y, k64(at(1071)), MO_256);
    tcg_gen_exit_tb(0);
    test_block_finish(&one);
    env.g[0] = at(29);
    env.g[1] = at(1051);
    test_block_run(&one);
    assert_memory_equal(memory + 1003, memory + 3, 16);
    for (unsigned i = 0; i < 16; i++) {
        assert_int_equal(memory[1103 + i], memory[3 + 15 - i]);
    }
    assert_memory_equal(memory + 1021, memory + 21, 4);
    assert_memory_equal(memory + 1029, memory + 29, 8);
    assert_memory_equal(memory + 1041, memory + 41, 8);
    assert_memory_equal(memory + 1051, memory + 51, 16);
    assert_memory_equal(memory + 1071, memory + 71, 32);
}

// base + (index << shift) + displacement in one instruction; and not when a part is needed later.
static void test_address_folding(void **state)
{
    (void)state;
    for (unsigned variant = 0; variant < 9; variant++) {
        setup(NULL);
        TCGv_i64 t = tcg_temp_new_i64(), a = tcg_temp_new_i64();
        bool fold = true;
        uint64_t expected_at = 0;
        env.g[1] = at(100), env.g[2] = 3;
        switch (variant) {
        case 0: // base + disp
            tcg_gen_addi_i64(a, g(1), 16);
            expected_at = 116;
            break;
        case 1: // base + index * 8 + disp, the shift and the sums in one temp
            tcg_gen_mov_i64(a, g(2));
            tcg_gen_shli_i64(a, a, 3);
            tcg_gen_add_i64(a, g(1), a);
            tcg_gen_addi_i64(a, a, -4);
            expected_at = 100 + 24 - 4;
            break;
        case 2: // base + index
            tcg_gen_add_i64(a, g(1), g(2));
            expected_at = 103;
            break;
        case 3: // disp, base, index in another order
            tcg_gen_addi_i64(t, g(2), 5);
            tcg_gen_add_i64(a, g(1), t);
            expected_at = 108;
            break;
        case 4: // a segment base makes three registers: one add is left
            tcg_gen_add_i64(t, g(1), g(2));
            tcg_gen_add_i64(a, t, g(3));
            env.g[3] = 7;
            expected_at = 110;
            break;
        case 5: // the sum is a register of the guest's
            tcg_gen_addi_i64(g(1), g(1), 8);
            a = g(1);
            expected_at = 108;
            fold = false;
            break;
        case 8: // the base has just been loaded
            tcg_gen_qemu_ld_i64(g(5), k64(at(200)), MO_64);
            memcpy(memory + 200, &(uint64_t){at(300)}, 8);
            tcg_gen_addi_i64(a, g(5), 4);
            expected_at = 304;
            break;
        case 6: // the sum is read again
            tcg_gen_addi_i64(a, g(1), 8);
            expected_at = 108;
            fold = false;
            break;
        default: // the address is too far
            tcg_gen_addi_i64(t, g(1), 0x7fffffff);
            tcg_gen_addi_i64(a, t, 0x7fffffff);
            tcg_gen_addi_i64(t, a, -0x7ffffffe);
            tcg_gen_addi_i64(a, t, -0x7ffffffe);
            expected_at = 102;
            fold = false;
        }
        if (variant & 1) {
            tcg_gen_qemu_st_i64(tcg_constant_i64(-2), a, MO_32);
        } else {
            tcg_gen_qemu_ld_i64(g(0), a, MO_32);
        }
        tcg_gen_mov_i64(g(4), variant == 6 ? a : g(0));
        tcg_gen_exit_tb(0);
        test_block_finish(&one);
        uint32_t before;
        memcpy(&before, memory + expected_at, 4);
        test_block_run(&one);
        uint32_t after;
        memcpy(&after, memory + expected_at, 4);
        if (variant & 1 ? after != (uint32_t)-2 : env.g[0] != before) {
            fail_msg("variant %u: the access went elsewhere", variant);
        }
#ifndef TEST_QUICK // which has no bytecode to look at
        unsigned adds = count_insns(&one, "add_i64") + count_insns(&one, "add_imm_i64") +
                        count_insns(&one, "shl_imm_i64");
        if (variant != 4 && (adds == 0) != fold) {
            tcg_interp_dump(one.bytecode, one.size, stderr);
            fail_msg("variant %u: %u adds are left", variant, adds);
        }
#else
        (void)fold;
#endif
        if (variant == 5) {
            assert_int_equal(env.g[1], at(108));
        }
        if (variant == 6) {
            assert_int_equal(env.g[4], at(108));
        }
    }
}

// Every atomic, at every width, plain and swapped, against its meaning.
static uint64_t atomic_result(TCGOpcode opc, uint64_t old, uint64_t v, unsigned bits)
{
    int64_t so = (int64_t)(old << (64 - bits)) >> (64 - bits);
    int64_t sv = (int64_t)(v << (64 - bits)) >> (64 - bits);
    switch (opc) {
    case INDEX_op_atomic_xchg_i64: return v;
    case INDEX_op_atomic_fetch_add_i64: return old + v;
    case INDEX_op_atomic_fetch_and_i64: return old & v;
    case INDEX_op_atomic_fetch_or_i64: return old | v;
    case INDEX_op_atomic_fetch_xor_i64: return old ^ v;
    case INDEX_op_atomic_fetch_smin_i64: return so < sv ? old : v;
    case INDEX_op_atomic_fetch_smax_i64: return so > sv ? old : v;
    case INDEX_op_atomic_fetch_umin_i64: return old < v ? old : v;
    default: return old > v ? old : v;
    }
}

static void test_atomics(void **state)
{
    (void)state;
    static const TCGOpcode ops[] = {INDEX_op_atomic_xchg_i64,       INDEX_op_atomic_fetch_add_i64,
                                    INDEX_op_atomic_fetch_and_i64,  INDEX_op_atomic_fetch_or_i64,
                                    INDEX_op_atomic_fetch_xor_i64,  INDEX_op_atomic_fetch_smin_i64,
                                    INDEX_op_atomic_fetch_umin_i64, INDEX_op_atomic_fetch_smax_i64,
                                    INDEX_op_atomic_fetch_umax_i64};
    for (unsigned k = 0; k < sizeof(ops) / sizeof(ops[0]); k++) {
        for (unsigned i = 0; i < 4 * 2 * 2 * 2 * 2; i++) {
            MemOp size = (MemOp)(i % 4), swap = i / 4 & 1 ? MO_BSWAP : 0,
                  sign = i / 8 & 1 ? MO_SIGN : 0;
            bool narrow = i / 16 & 1;
            unsigned bits = 8u << size;
            uint64_t mask = UINT64_MAX >> (64 - bits);
            uint64_t old = 0x80c3e5f79182a4b6 & mask,
                     v = (i & 32 ? 0x7123456789abcdef : 0xf000000000000081) & mask;
            if (narrow && size == MO_64) {
                continue;
            }
            setup(NULL);
            MemOp mop = size | swap | sign;
            uint64_t raw = swap ? __builtin_bswap64(old) >> (64 - bits) : old;
            memcpy(memory + 64, &raw, 1u << size);
            if (narrow) {
                TCGv_i32 t = tcg_temp_new_i32(), r = tcg_temp_new_i32();
                tcg_gen_extrl_i64_i32(t, g(1));
                TCGOp *op = tcg_emit_op((TCGOpcode)(ops[k] - 1), 4); // the i32 op stands before
                memcpy(op->args, (TCGArg[]){(TCGArg)r, (TCGArg)g(0), (TCGArg)t, mop},
                       4 * sizeof(TCGArg));
                tcg_gen_extu_i32_i64(g(2), r);
            } else {
                tcg_emit4(ops[k], (TCGArg)g(2), (TCGArg)g(0), (TCGArg)g(1), mop);
            }
            tcg_gen_exit_tb(0);
            test_block_finish(&one);
            env.g[0] = at(64);
            env.g[1] = v | ~mask;
            test_block_run(&one);
            uint64_t expected = atomic_result(ops[k], old, v, bits) & mask, got = 0;
            uint64_t result = sign ? (uint64_t)((int64_t)(old << (64 - bits)) >> (64 - bits)) : old;
            memcpy(&got, memory + 64, 1u << size);
            got = swap ? __builtin_bswap64(got) >> (64 - bits) : got;
            result = narrow ? (uint32_t)result : result;
            if (got != expected || env.g[2] != result) {
                fail_msg(
                    "%s, MemOp %#x%s: memory %#llx, expected %#llx; result %#llx, expected %#llx",
                    tcg_op_defs[ops[k]].name, mop, narrow ? ", i32" : "", (unsigned long long)got,
                    (unsigned long long)expected, (unsigned long long)env.g[2],
                    (unsigned long long)result);
            }
        }
    }
}

static void test_cmpxchg(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4 * 2 * 2 * 2; i++) {
        MemOp size = (MemOp)(i % 4), swap = i / 4 & 1 ? MO_BSWAP : 0;
        bool equal = i / 8 & 1, narrow = i / 16 & 1;
        unsigned bits = 8u << size;
        uint64_t mask = UINT64_MAX >> (64 - bits), old = 0x80c3e5f79182a4b6 & mask,
                 new = 0x1122334455667788 & mask;
        if (narrow && size == MO_64) {
            continue;
        }
        setup(NULL);
        uint64_t raw = swap ? __builtin_bswap64(old) >> (64 - bits) : old;
        memcpy(memory + 64, &raw, 1u << size);
        if (narrow) {
            TCGv_i32 r = tcg_temp_new_i32(), e = tcg_temp_new_i32(), n = tcg_temp_new_i32();
            tcg_gen_extrl_i64_i32(e, g(1));
            tcg_gen_extrl_i64_i32(n, g(3));
            tcg_gen_atomic_cmpxchg_i32(r, g(0), e, n, size | swap);
            tcg_gen_extu_i32_i64(g(2), r);
        } else {
            tcg_gen_atomic_cmpxchg_i64(g(2), g(0), g(1), g(3), size | swap);
        }
        tcg_gen_exit_tb(0);
        test_block_finish(&one);
        env.g[0] = at(64);
        env.g[1] = equal ? old : old ^ 1;
        env.g[3] = new;
        test_block_run(&one);
        uint64_t got = 0;
        memcpy(&got, memory + 64, 1u << size);
        got = swap ? __builtin_bswap64(got) >> (64 - bits) : got;
        assert_int_equal(got, equal ? new : old);
        assert_int_equal(env.g[2], old);
    }
}

static void test_cmpxchg_i128(void **state)
{
    (void)state;
    for (unsigned equal = 0; equal < 2; equal++) {
        setup(NULL);
        TCGv_i128 e = tcg_temp_new_i128(), n = tcg_temp_new_i128(), r = tcg_temp_new_i128();
        tcg_gen_concat_i64_i128(e, g(1), g(2));
        tcg_gen_concat_i64_i128(n, k64(111), k64(222));
        tcg_gen_atomic_cmpxchg_i128(r, g(0), e, n, MO_128);
        tcg_gen_extrl_i128_i64(g(3), r);
        tcg_gen_extrh_i128_i64(g(4), r);
        tcg_gen_exit_tb(0);
        test_block_finish(&one);
        uint64_t old[2] = {5, 6}, now[2];
        memcpy(memory + 64, old, 16);
        env.g[0] = at(64);
        env.g[1] = 5;
        env.g[2] = equal ? 6 : 7;
        test_block_run(&one);
        memcpy(now, memory + 64, 16);
        assert_int_equal(now[0], equal ? 111 : 5);
        assert_int_equal(now[1], equal ? 222 : 6);
        assert_int_equal(env.g[3], 5);
        assert_int_equal(env.g[4], 6);
    }
}

// --- hooks -----------------------------------------------------------------------------------------

static unsigned logged;
static struct {
    uint64_t addr;
    unsigned size;
    uint8_t before;
} log_entries[8];
static void on_write(void *e, uint64_t addr, unsigned size)
{
    assert_ptr_equal(e, &env);
    log_entries[logged].addr = addr;
    log_entries[logged].size = size;
    log_entries[logged++].before = *(uint8_t *)(uintptr_t)addr;
}

static void test_write_log(void **state)
{
    (void)state;
    TCGv_i64 a = tcg_temp_new_i64();
    TCGv_vec x = tcg_temp_new_v128();
    tcg_ctx->log_writes = true;
    tcg_gen_addi_i64(a, g(0), 8);
    tcg_gen_qemu_st_i64(g(1), a, MO_32);
    tcg_gen_qemu_st_i64(k64(5), k64(at(40)), MO_8);
    tcg_gen_qemu_ld_vec(x, g(0), MO_128); // a load is not logged
    tcg_gen_qemu_st_vec(x, g(0), MO_128);
    tcg_gen_atomic_fetch_add_i64(g(2), g(0), g(1), MO_64);
    tcg_gen_exit_tb(0);
    test_block_finish(&one);
    env.g[0] = at(0);
    logged = 0;
    tcg_interp_write_hook = on_write;
    uint8_t first = memory[8];
    test_block_run(&one);
    tcg_interp_write_hook = NULL;
    assert_int_equal(logged, 4);
    assert_int_equal(log_entries[0].addr, at(8));
    assert_int_equal(log_entries[0].size, 4);
    assert_int_equal(log_entries[0].before, first); // called before the store
    assert_int_equal(log_entries[1].addr, at(40));
    assert_int_equal(log_entries[1].size, 1);
    assert_int_equal(log_entries[2].size, 16);
    assert_int_equal(log_entries[3].addr, at(0));
    assert_int_equal(log_entries[3].size, 8);
}

static unsigned unaligned_calls;
static void on_unaligned(void *e, uint64_t addr, unsigned size, bool write)
{
    assert_ptr_equal(e, &env);
    assert_int_equal(addr, at(2));
    assert_int_equal(size, 4);
    unaligned_calls += write ? 16 : 1;
}

static void test_alignment(void **state)
{
    (void)state;
    tcg_gen_qemu_ld_i64(g(2), g(0), MO_32 | MO_ALIGN);
    tcg_gen_qemu_ld_i64(g(2), g(1), MO_32 | MO_ALIGN);
    tcg_gen_qemu_st_i64(g(2), g(1), MO_32 | MO_ALIGN);
    tcg_gen_qemu_ld_i64(g(2), g(1), MO_32);
    tcg_gen_exit_tb(0);
    test_block_finish(&one);
    env.g[0] = at(4);
    env.g[1] = at(2);
    tcg_interp_unaligned_hook = on_unaligned;
    unaligned_calls = 0;
    test_block_run(&one);
    tcg_interp_unaligned_hook = NULL;
    assert_int_equal(unaligned_calls, 17);
}

// --- errors ----------------------------------------------------------------------------------------

static void test_bad_blocks(void **state)
{
    (void)state;
    static const struct {
        TCGOpcode opc;
        MemOp mop;
        const char *says;
    } cases[] = {{INDEX_op_qemu_ld_i32, MO_64, "qemu_ld_i32"},
                 {INDEX_op_qemu_st_i32, MO_64, "qemu_st_i32"}};
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        test_context_start();
        TCGOp *op = tcg_emit_op(cases[i].opc, 3);
        op->args[0] = (TCGArg)tcg_temp_new_i32();
        op->args[1] = (TCGArg)g(0);
        op->args[2] = cases[i].mop;
        tcg_gen_exit_tb(0);
        assert_true(tcg_assign_frame(tcg_ctx));
        assert_int_equal(tcg_interp_encode(tcg_ctx, &one.code, one.bytecode, sizeof(one.bytecode)),
                         0);
        assert_non_null(tcg_ctx->error);
        assert_non_null(strstr(tcg_ctx->error, cases[i].says));
    }
}

// --- host memory -----------------------------------------------------------------------------------

// Loads and stores of the CPU state: through env and through another pointer, at odd offsets.
static void test_host_memory(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 2; way++) {
        setup(NULL);
        TCGv_ptr base = way ? g(7) : tcg_env();
        intptr_t in = offsetof(TestEnv, in), out = offsetof(TestEnv, out);
        TCGv_i32 t = tcg_temp_new_i32();
        TCGv_vec x = tcg_temp_new_v128();
#define LD32(op, k)                                                                                \
    tcg_gen_##op##_i32(t, base, in + 1 + (k));                                                     \
    tcg_gen_st_i32(t, base, out + 4 * (k));
        LD32(ld8u, 0)
        LD32(ld8s, 1)
        LD32(ld16u, 2)
        LD32(ld16s, 3)
        LD32(ld, 4)
        tcg_gen_ld8u_i64(g(0), base, in + 1);
        tcg_gen_ld8s_i64(g(1), base, in + 1);
        tcg_gen_ld16u_i64(g(2), base, in + 1);
        tcg_gen_ld16s_i64(g(3), base, in + 1);
        tcg_gen_ld32u_i64(g(4), base, in + 1);
        tcg_gen_ld32s_i64(g(5), base, in + 1);
        tcg_gen_ld_i64(g(6), base, in + 1);
        tcg_gen_st8_i64(g(6), base, out + 33);
        tcg_gen_st16_i64(g(6), base, out + 35);
        tcg_gen_st32_i64(g(6), base, out + 39);
        tcg_gen_st_i64(g(6), base, out + 45);
        tcg_gen_st8_i32(t, base, out + 55);
        tcg_gen_st16_i32(t, base, out + 57);
        tcg_gen_ld_vec(x, base, in + 3);
        tcg_gen_st_vec(x, base, out + 65);
        tcg_gen_exit_tb(0);
        test_block_finish(&one);
        env.g[7] = (uint64_t)(uintptr_t)&env;
        for (unsigned i = 0; i < 64; i++) {
            ((uint8_t *)env.in)[i] = (uint8_t)(0x81 + 3 * i);
        }
        test_block_run(&one);
        const uint8_t *p = (uint8_t *)env.in, *o = (uint8_t *)env.out;
        assert_int_equal(env.out[0].l[0], p[1]);
        assert_int_equal(env.out[0].sl[1], (int8_t)p[2]);
        assert_int_equal(env.out[0].l[2], p[3] | p[4] << 8);
        assert_int_equal(env.out[0].sl[3], (int16_t)(p[4] | p[5] << 8));
        assert_memory_equal(&env.out[0].l[4], p + 5, 4);
        uint64_t q;
        memcpy(&q, p + 1, 8);
        assert_int_equal(env.g[0], (uint8_t)q);
        assert_int_equal(env.g[1], (uint64_t)(int8_t)q);
        assert_int_equal(env.g[2], (uint16_t)q);
        assert_int_equal(env.g[3], (uint64_t)(int16_t)q);
        assert_int_equal(env.g[4], (uint32_t)q);
        assert_int_equal(env.g[5], (uint64_t)(int32_t)q);
        assert_int_equal(env.g[6], q);
        uint8_t expected[96] = {0};
        memcpy(expected, o, 32);
        memcpy(expected + 33, &q, 1);
        memcpy(expected + 35, &q, 2);
        memcpy(expected + 39, &q, 4);
        memcpy(expected + 45, &q, 8);
        memcpy(expected + 55, p + 5, 1);
        memcpy(expected + 57, p + 5, 2);
        memcpy(expected + 65, p + 3, 16);
        assert_memory_equal(o, expected, sizeof(expected));
    }
}

#define T(f) cmocka_unit_test_setup(f, setup)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_loads),     T(test_stores),     T(test_wide_accesses), T(test_address_folding),
        T(test_atomics),   T(test_cmpxchg),    T(test_cmpxchg_i128),  T(test_write_log),
        T(test_alignment), T(test_bad_blocks), T(test_host_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
