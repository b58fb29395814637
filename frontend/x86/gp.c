// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// General-purpose instructions: moves, the stack, arithmetic, exchange and compare-exchange.
//
// The order inside a worker matters for precise state: guest memory is accessed before a register or a
// flag global is written, so that a fault finds everything as it was.  x86_flags_set only records, so it
// may come first, and has to where a register operand is about to be overwritten.

#include "frontend/x86/translate.h"

#include <glib.h>

#include "frontend/x86/helpers.h"

// --- moves -------------------------------------------------------------------------------------------

static bool is_segment(const DisasContext *s, unsigned i)
{
    return x86_op_is_reg(s, i) && s->op[i].reg.value >= ZYDIS_REGISTER_ES &&
           s->op[i].reg.value <= ZYDIS_REGISTER_GS;
}

static bool is_privileged_reg(const DisasContext *s, unsigned i)
{
    if (!x86_op_is_reg(s, i)) {
        return false;
    }
    ZydisRegisterClass c = ZydisRegisterGetClass(s->op[i].reg.value);
    return c == ZYDIS_REGCLASS_CONTROL || c == ZYDIS_REGCLASS_DEBUG || c == ZYDIS_REGCLASS_TEST;
}

static TCGv_i64 load_selector(unsigned n)
{
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_ld16u_i64(t, tcg_env(), (intptr_t)(offsetof(CPUX86State, segs) + n * sizeof(uint16_t)));
    return t;
}

// MOV to a segment register, POP FS and the like: the selector is checked, the base may change.
static void gen_load_segment(DisasContext *s, unsigned n, TCGv_i64 selector)
{
    TCGv_i32 sel = tcg_temp_new_i32();
    tcg_gen_extrl_i64_i32(sel, selector);
    x86_sync_state(s);
    gen_helper_x86_load_seg(tcg_env(), tcg_constant_i32((int32_t)n), sel);
}

static bool trans_mov(DisasContext *s, int arg)
{
    (void)arg;
    if (is_segment(s, 0)) {
        unsigned n = x86_op_regno(s, 0);
        if (n == R_CS) {
            return false;
        }
        gen_load_segment(s, n, x86_op_load(s, 1));
        return true;
    }
    if (is_segment(s, 1)) {
        x86_op_store(s, 0, load_selector(x86_op_regno(s, 1)));
        return true;
    }
    if (is_privileged_reg(s, 0) || is_privileged_reg(s, 1)) {
        x86_gen_exception(s, EXCP0D_GPF, s->pc);
        return true;
    }
    if (x86_op_is_mem(s, 1) && x86_op_size(s, 0) == MO_32) {
        // Loaded zero-extended, which is what the register gets.
        tcg_gen_mov_i64(x86_gpr(x86_op_regno(s, 0)), x86_op_load(s, 1));
        return true;
    }
    x86_op_store(s, 0, x86_op_load_raw(s, 1));
    return true;
}

// LSS, LFS, LGS: an offset and a selector behind it.
static bool trans_load_far(DisasContext *s, int segment)
{
    MemOp size = x86_op_size(s, 0);
    TCGv_i64 offset = tcg_temp_new_i64(), selector = tcg_temp_new_i64(), a = tcg_temp_new_i64();
    TCGv_i64 addr = x86_op_addr(s, 1);
    tcg_gen_addi_i64(a, addr, 1 << size);
    tcg_gen_qemu_ld_i64(offset, addr, size);
    tcg_gen_qemu_ld_i64(selector, a, MO_UW);
    gen_load_segment(s, (unsigned)segment, selector);
    x86_op_store(s, 0, offset);
    return true;
}

static bool trans_movx(DisasContext *s, int sign)
{
    TCGv_i64 v = sign ? x86_op_load_signed(s, 1) : x86_op_load(s, 1);
    if (!sign && x86_op_size(s, 0) >= MO_32) {
        tcg_gen_mov_i64(x86_gpr(x86_op_regno(s, 0)), v);
    } else {
        x86_op_store(s, 0, v);
    }
    return true;
}

static bool trans_lea(DisasContext *s, int arg)
{
    (void)arg;
    x86_op_store(s, 0, x86_op_effective_addr(s, 1));
    return true;
}

static TCGv_i64 byte_swapped(TCGv_i64 v, MemOp size)
{
    TCGv_i64 r = tcg_temp_new_i64();
    switch (size) {
    case MO_16: tcg_gen_bswap16_i64(r, v); break;
    case MO_32: tcg_gen_bswap32_i64(r, v); break;
    default: tcg_gen_bswap64_i64(r, v); break;
    }
    return r;
}

static bool trans_movbe(DisasContext *s, int arg)
{
    (void)arg;
    x86_op_store(s, 0, byte_swapped(x86_op_load(s, 1), x86_op_size(s, 0)));
    return true;
}

static bool trans_bswap(DisasContext *s, int arg)
{
    (void)arg;
    MemOp size = x86_op_size(s, 0);
    if (size == MO_16) { // undefined by the manuals; processors give 0
        x86_op_store(s, 0, tcg_constant_i64(0));
    } else {
        x86_op_store(s, 0, byte_swapped(x86_op_load_raw(s, 0), size));
    }
    return true;
}

static bool trans_cmov(DisasContext *s, int cc)
{
    // The source is read whatever the condition says.
    TCGv_i64 v = x86_op_load_tmp(s, 1), r = tcg_temp_new_i64();
    TCGv_i64 old = x86_op_load_raw(s, 0);
    X86Cond c = x86_flags_cond(s, (unsigned)cc);
    tcg_gen_movcond_i64(c.cond, r, c.a, c.b, v, old);
    x86_op_store(s, 0, r);
    return true;
}

static bool trans_setcc(DisasContext *s, int cc)
{
    if (x86_op_is_mem(s, 0)) {
        x86_op_addr(s, 0);
    }
    TCGv_i64 r = tcg_temp_new_i64();
    X86Cond c = x86_flags_cond(s, (unsigned)cc);
    tcg_gen_setcond_i64(c.cond, r, c.a, c.b);
    x86_op_store(s, 0, r);
    return true;
}

static bool trans_xlat(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_i64 a = tcg_temp_new_i64(), v = tcg_temp_new_i64();
    tcg_gen_ext8u_i64(a, x86_gpr(R_EAX));
    tcg_gen_add_i64(a, a, x86_gpr(R_EBX));
    if (s->insn.address_width == 32) {
        tcg_gen_ext32u_i64(a, a);
    }
    if (s->insn.attributes & ZYDIS_ATTRIB_HAS_SEGMENT_FS) {
        tcg_gen_add_i64(a, a, tcg_global_i64(X86_G_FS_BASE));
    } else if (s->insn.attributes & ZYDIS_ATTRIB_HAS_SEGMENT_GS) {
        tcg_gen_add_i64(a, a, tcg_global_i64(X86_G_GS_BASE));
    }
    tcg_gen_qemu_ld_i64(v, a, MO_UB);
    x86_reg_store(s, R_EAX, MO_8, v);
    return true;
}

// CBW, CWDE, CDQE: the accumulator's lower half extended.
static bool trans_cbw(DisasContext *s, int size)
{
    x86_reg_store(s, R_EAX, (MemOp)size, x86_sext(x86_gpr(R_EAX), (MemOp)(size - 1)));
    return true;
}

// CWD, CDQ, CQO: the accumulator's sign into DX.
static bool trans_cwd(DisasContext *s, int size)
{
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_sari_i64(t, x86_sext(x86_gpr(R_EAX), (MemOp)size), 63);
    x86_reg_store(s, R_EDX, (MemOp)size, t);
    return true;
}

// --- stack -------------------------------------------------------------------------------------------

MemOp x86_stack_size(const DisasContext *s)
{
    return s->insn.operand_width == 16 ? MO_16 : s->code64 ? MO_64 : MO_32;
}

static TCGv_i64 sp_plus(DisasContext *s, int64_t n)
{
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_addi_i64(t, x86_gpr(R_ESP), n);
    return s->code64 ? t : x86_zext(t, MO_32);
}

void x86_gen_sp_add(DisasContext *s, int64_t n) { tcg_gen_mov_i64(x86_gpr(R_ESP), sp_plus(s, n)); }

void x86_gen_push(DisasContext *s, TCGv_i64 v, MemOp size)
{
    TCGv_i64 sp = sp_plus(s, -(1 << size));
    tcg_gen_qemu_st_i64(v, sp, size);
    tcg_gen_mov_i64(x86_gpr(R_ESP), sp);
}

TCGv_i64 x86_gen_stack_load(DisasContext *s, MemOp size, unsigned offset)
{
    TCGv_i64 v = tcg_temp_new_i64();
    tcg_gen_qemu_ld_i64(v, s->code64 && !offset ? x86_gpr(R_ESP) : sp_plus(s, offset), size);
    return v;
}

static bool trans_push(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_i64 v = is_segment(s, 0) ? load_selector(x86_op_regno(s, 0)) : x86_op_load_raw(s, 0);
    x86_gen_push(s, v, x86_stack_size(s));
    return true;
}

static bool trans_pop(DisasContext *s, int arg)
{
    (void)arg;
    MemOp size = x86_stack_size(s);
    TCGv_i64 v = x86_gen_stack_load(s, size, 0);
    if (is_segment(s, 0)) {
        gen_load_segment(s, x86_op_regno(s, 0), v);
        x86_gen_sp_add(s, 1 << size);
    } else if (x86_op_is_mem(s, 0)) {
        // The address is computed with the stack pointer already moved, but it moves when nothing can
        // fault any more.
        TCGv_i64 a = x86_op_addr(s, 0);
        if (s->op[0].mem.base == ZYDIS_REGISTER_RSP || s->op[0].mem.base == ZYDIS_REGISTER_ESP) {
            tcg_gen_addi_i64(a, a, 1 << size);
        }
        x86_op_store(s, 0, v);
        x86_gen_sp_add(s, 1 << size);
    } else {
        x86_gen_sp_add(s, 1 << size);
        x86_op_store(s, 0, v);
    }
    return true;
}

static bool trans_enter(DisasContext *s, int arg)
{
    (void)arg;
    MemOp size = x86_stack_size(s);
    int64_t bytes = 1 << size, level = (int64_t)s->op[1].imm.value.u % 32;
    TCGv_i64 sp = tcg_temp_new_i64(), frame, v = tcg_temp_new_i64();

    tcg_gen_mov_i64(sp, sp_plus(s, -bytes));
    tcg_gen_qemu_st_i64(x86_gpr(R_EBP), sp, size);
    frame = tcg_temp_new_i64();
    tcg_gen_mov_i64(frame, sp);
    for (int64_t i = 1; i < level; i++) { // the enclosing frames' pointers
        TCGv_i64 from = tcg_temp_new_i64();
        tcg_gen_addi_i64(from, x86_gpr(R_EBP), -bytes * i);
        tcg_gen_qemu_ld_i64(v, from, size);
        tcg_gen_addi_i64(sp, sp, -bytes);
        tcg_gen_qemu_st_i64(v, sp, size);
    }
    if (level) {
        tcg_gen_addi_i64(sp, sp, -bytes);
        tcg_gen_qemu_st_i64(frame, sp, size);
    }
    tcg_gen_addi_i64(sp, sp, -(int64_t)s->op[0].imm.value.u);
    // Faults unless the new top of the stack can be written; nothing is changed there.
    tcg_gen_qemu_ld_i64(v, sp, size);
    tcg_gen_qemu_st_i64(v, sp, size);
    x86_reg_store(s, R_EBP, size, frame);
    tcg_gen_mov_i64(x86_gpr(R_ESP), s->code64 ? sp : x86_zext(sp, MO_32));
    return true;
}

static bool trans_leave(DisasContext *s, int arg)
{
    (void)arg;
    MemOp size = x86_stack_size(s);
    TCGv_i64 v = tcg_temp_new_i64(), sp = tcg_temp_new_i64();
    tcg_gen_mov_i64(sp, s->code64 ? x86_gpr(R_EBP) : x86_zext(x86_gpr(R_EBP), MO_32));
    tcg_gen_qemu_ld_i64(v, sp, size);
    tcg_gen_addi_i64(sp, sp, 1 << size);
    tcg_gen_mov_i64(x86_gpr(R_ESP), s->code64 ? sp : x86_zext(sp, MO_32));
    x86_reg_store(s, R_EBP, size, v);
    return true;
}

// --- ADD ... TEST ------------------------------------------------------------------------------------

enum { ALU_ADD, ALU_SUB, ALU_CMP, ALU_AND, ALU_TEST, ALU_OR, ALU_XOR, ALU_ADC, ALU_SBB };

static void gen_alu(int op, TCGv_i64 r, TCGv_i64 a, TCGv_i64 b)
{
    switch (op) {
    case ALU_ADD: tcg_gen_add_i64(r, a, b); break;
    case ALU_SUB:
    case ALU_CMP: tcg_gen_sub_i64(r, a, b); break;
    case ALU_AND:
    case ALU_TEST: tcg_gen_and_i64(r, a, b); break;
    case ALU_OR: tcg_gen_or_i64(r, a, b); break;
    default: tcg_gen_xor_i64(r, a, b); break;
    }
}

static const X86FlagsOp alu_flags[] = {
    [ALU_ADD] = X86_FLAGS_ADD,   [ALU_SUB] = X86_FLAGS_SUB,    [ALU_CMP] = X86_FLAGS_SUB,
    [ALU_AND] = X86_FLAGS_LOGIC, [ALU_TEST] = X86_FLAGS_LOGIC, [ALU_OR] = X86_FLAGS_LOGIC,
    [ALU_XOR] = X86_FLAGS_LOGIC,
};

static bool trans_alu_locked(DisasContext *s, int op)
{
    MemOp size = x86_op_size(s, 0);
    TCGv_i64 addr = x86_op_addr(s, 0), b = x86_op_load_tmp(s, 1);
    TCGv_i64 old = tcg_temp_new_i64(), r = tcg_temp_new_i64(), t = tcg_temp_new_i64();
    switch (op) {
    case ALU_ADD: tcg_gen_atomic_fetch_add_i64(old, addr, b, size); break;
    case ALU_SUB:
        tcg_gen_neg_i64(t, b);
        tcg_gen_atomic_fetch_add_i64(old, addr, t, size);
        break;
    case ALU_AND: tcg_gen_atomic_fetch_and_i64(old, addr, b, size); break;
    case ALU_OR: tcg_gen_atomic_fetch_or_i64(old, addr, b, size); break;
    case ALU_XOR: tcg_gen_atomic_fetch_xor_i64(old, addr, b, size); break;
    default: return false;
    }
    gen_alu(op, r, old, b);
    x86_flags_set(s, alu_flags[op], size, old, b, r);
    return true;
}

static bool same_register(const DisasContext *s)
{
    return x86_op_is_reg(s, 0) && x86_op_is_reg(s, 1) && s->op[0].reg.value == s->op[1].reg.value;
}

static bool trans_alu(DisasContext *s, int op)
{
    if (x86_has_lock(s)) {
        return trans_alu_locked(s, op);
    }
    MemOp size = x86_op_size(s, 0);
    if ((op == ALU_XOR || op == ALU_SUB) && same_register(s)) {
        TCGv_i64 zero = tcg_constant_i64(0);
        x86_flags_set(s, X86_FLAGS_LOGIC, size, zero, zero, zero);
        x86_op_store(s, 0, zero);
        return true;
    }
    TCGv_i64 a = x86_op_load_raw(s, 0), b = x86_op_load_raw(s, 1), r;
    if ((op == ALU_AND || op == ALU_TEST || op == ALU_OR) && same_register(s)) {
        r = a;
    } else {
        r = tcg_temp_new_i64();
        gen_alu(op, r, a, b);
    }
    if (op == ALU_CMP || op == ALU_TEST) {
        x86_flags_set(s, alu_flags[op], size, a, b, r);
        return true;
    }
    r = x86_op_result(s, 0, r);
    x86_flags_set(s, alu_flags[op], size, a, b, r);
    s->flags.kept = true;
    x86_op_store_result(s, 0, s->flags.r);
    return true;
}

// --- ADC, SBB, ADCX, ADOX ----------------------------------------------------------------------------

// r = a + b + c, and the carry out; a and b zero-extended.
static TCGv_i64 gen_add_carry(TCGv_i64 r, TCGv_i64 a, TCGv_i64 b, TCGv_i64 c, MemOp size)
{
    TCGv_i64 out = tcg_temp_new_i64();
    if (size < MO_64) {
        tcg_gen_add_i64(r, a, b);
        tcg_gen_add_i64(r, r, c);
        tcg_gen_extract_i64(out, r, 8u << size, 1);
    } else {
        TCGv_i64 sum = tcg_temp_new_i64(), first = tcg_temp_new_i64();
        tcg_gen_add_i64(sum, a, b);
        tcg_gen_setcond_i64(TCG_COND_LTU, first, sum, a);
        tcg_gen_add_i64(r, sum, c);
        tcg_gen_setcond_i64(TCG_COND_LTU, out, r, sum);
        tcg_gen_or_i64(out, out, first);
    }
    return out;
}

static TCGv_i64 gen_sub_borrow(TCGv_i64 r, TCGv_i64 a, TCGv_i64 b, TCGv_i64 c, MemOp size)
{
    TCGv_i64 out = tcg_temp_new_i64();
    if (size < MO_64) {
        tcg_gen_sub_i64(r, a, b);
        tcg_gen_sub_i64(r, r, c);
        tcg_gen_shri_i64(out, r, 63);
    } else {
        TCGv_i64 diff = tcg_temp_new_i64(), first = tcg_temp_new_i64();
        tcg_gen_sub_i64(diff, a, b);
        tcg_gen_setcond_i64(TCG_COND_LTU, first, a, b);
        tcg_gen_setcond_i64(TCG_COND_LTU, out, diff, c);
        tcg_gen_sub_i64(r, diff, c);
        tcg_gen_or_i64(out, out, first);
    }
    return out;
}

static TCGv_i64 current_carry(DisasContext *s)
{
    TCGv_i64 c = tcg_temp_new_i64();
    x86_flags_materialise(s, X86_CC_C);
    tcg_gen_mov_i64(c, x86_cc_c());
    return c;
}

static void write_adc_flags(DisasContext *s, bool sub, TCGv_i64 a, TCGv_i64 b, TCGv_i64 r,
                            TCGv_i64 carry, MemOp size)
{
    TCGv_i64 t = tcg_temp_new_i64(), u = tcg_temp_new_i64();
    x86_flags_to_globals(s);
    x86_flags_write_zsp(r, size);
    tcg_gen_mov_i64(x86_cc_c(), carry);
    tcg_gen_xor_i64(t, a, r);
    tcg_gen_xor_i64(u, b, sub ? a : r);
    tcg_gen_and_i64(t, t, u);
    tcg_gen_extract_i64(x86_cc_o(), t, (8u << size) - 1, 1);
    tcg_gen_xor_i64(t, a, b);
    tcg_gen_xor_i64(x86_cc_a(), t, r);
}

static bool trans_adc(DisasContext *s, int op)
{
    bool sub = op == ALU_SBB;
    MemOp size = x86_op_size(s, 0);
    TCGv_i64 r = tcg_temp_new_i64(), a, b, c, carry;

    if (x86_has_lock(s)) {
        TCGv_i64 addr = x86_op_addr(s, 0), sum = tcg_temp_new_i64();
        b = x86_zext(x86_op_load_tmp(s, 1), size);
        c = current_carry(s);
        tcg_gen_add_i64(sum, b, c);
        if (sub) {
            tcg_gen_neg_i64(sum, sum);
        }
        a = tcg_temp_new_i64();
        tcg_gen_atomic_fetch_add_i64(a, addr, sum, size);
    } else {
        a = x86_zext(x86_op_load_tmp(s, 0), size);
        b = x86_zext(x86_op_load_tmp(s, 1), size);
        c = current_carry(s);
    }
    carry = sub ? gen_sub_borrow(r, a, b, c, size) : gen_add_carry(r, a, b, c, size);
    if (!x86_has_lock(s)) {
        r = x86_op_result(s, 0, r);
        x86_op_store_result(s, 0, r);
    }
    write_adc_flags(s, sub, a, b, r, carry, size);
    return true;
}

static bool trans_adx(DisasContext *s, int flag)
{
    MemOp size = x86_op_size(s, 0);
    TCGv_i64 global = flag == X86_CC_C ? x86_cc_c() : x86_cc_o();
    TCGv_i64 a = x86_zext(x86_op_load_tmp(s, 0), size), b = x86_zext(x86_op_load_tmp(s, 1), size);
    TCGv_i64 r = tcg_temp_new_i64();

    x86_flags_materialise(s, X86_CC_MASK);
    TCGv_i64 carry = gen_add_carry(r, a, b, global, size);
    x86_op_store(s, 0, r);
    x86_flags_to_globals_partly(s, (uint32_t)flag);
    tcg_gen_mov_i64(global, carry);
    return true;
}

// --- INC, DEC, NEG, NOT ------------------------------------------------------------------------------

static bool trans_incdec(DisasContext *s, int step)
{
    MemOp size = x86_op_size(s, 0);
    TCGv_i64 r = tcg_temp_new_i64(), a;
    if (x86_has_lock(s)) {
        a = tcg_temp_new_i64();
        tcg_gen_atomic_fetch_add_i64(a, x86_op_addr(s, 0), tcg_constant_i64(step), size);
    } else {
        a = x86_op_load_raw(s, 0);
    }
    tcg_gen_addi_i64(r, a, step);
    r = x86_op_result(s, 0, r);
    x86_flags_set(s, step > 0 ? X86_FLAGS_INC : X86_FLAGS_DEC, size, a, NULL, r);
    if (!x86_has_lock(s)) {
        x86_op_store_result(s, 0, r);
    }
    return true;
}

static bool trans_not(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_i64 r = tcg_temp_new_i64();
    if (x86_has_lock(s)) {
        tcg_gen_atomic_fetch_xor_i64(r, x86_op_addr(s, 0), tcg_constant_i64(-1), x86_op_size(s, 0));
        return true;
    }
    tcg_gen_not_i64(r, x86_op_load_raw(s, 0));
    x86_op_store(s, 0, r);
    return true;
}

static bool trans_neg(DisasContext *s, int arg)
{
    (void)arg;
    MemOp size = x86_op_size(s, 0);
    TCGv_i64 r = tcg_temp_new_i64(), a;
    if (x86_has_lock(s)) {
        TCGv_i64 addr = x86_op_addr(s, 0), seen = tcg_temp_new_i64();
        TCGLabel *again = gen_new_label();
        a = tcg_temp_new_i64();
        tcg_gen_qemu_ld_i64(seen, addr, size);
        gen_set_label(again);
        tcg_gen_mov_i64(a, seen);
        tcg_gen_neg_i64(r, a);
        tcg_gen_atomic_cmpxchg_i64(seen, addr, a, r, size);
        tcg_gen_brcond_i64(TCG_COND_NE, seen, a, again);
    } else {
        a = x86_op_load_raw(s, 0);
        tcg_gen_neg_i64(r, a);
    }
    r = x86_op_result(s, 0, r);
    x86_flags_set(s, X86_FLAGS_SUB, size, tcg_constant_i64(0), a, r);
    if (!x86_has_lock(s)) {
        x86_op_store_result(s, 0, r);
    }
    return true;
}

// --- exchange ----------------------------------------------------------------------------------------

static bool trans_xchg(DisasContext *s, int arg)
{
    (void)arg;
    unsigned m = x86_op_is_mem(s, 1) ? 1 : 0;
    if (x86_op_is_mem(s, m)) { // atomic with or without LOCK
        TCGv_i64 old = tcg_temp_new_i64();
        tcg_gen_atomic_xchg_i64(old, x86_op_addr(s, m), x86_op_load_raw(s, 1 - m),
                                x86_op_size(s, m));
        x86_op_store(s, 1 - m, old);
        return true;
    }
    TCGv_i64 a = x86_op_load_tmp(s, 0), b = x86_op_load_tmp(s, 1);
    x86_op_store(s, 0, b);
    x86_op_store(s, 1, a);
    return true;
}

static bool trans_xadd(DisasContext *s, int arg)
{
    (void)arg;
    MemOp size = x86_op_size(s, 0);
    TCGv_i64 b = x86_op_load_tmp(s, 1), r = tcg_temp_new_i64(), old;
    if (x86_has_lock(s)) {
        old = tcg_temp_new_i64();
        tcg_gen_atomic_fetch_add_i64(old, x86_op_addr(s, 0), b, size);
        tcg_gen_add_i64(r, old, b);
    } else {
        old = x86_op_load_tmp(s, 0);
        tcg_gen_add_i64(r, old, b);
        if (x86_op_is_mem(s, 0)) {
            x86_op_store(s, 0, r);
        }
    }
    x86_flags_set(s, X86_FLAGS_ADD, size, old, b, r);
    x86_op_store(s, 1, old);
    if (x86_op_is_reg(s, 0)) { // last: with one register for both, the sum stays
        x86_op_store(s, 0, r);
    }
    return true;
}

// Either the destination or the accumulator is written, the other keeps its upper half.
static void gen_cmpxchg_register(DisasContext *s, TCGv_i64 acc, TCGv_i64 old, TCGv_i64 src,
                                 TCGv_i64 loaded)
{
    unsigned n = x86_op_regno(s, 0);
    TCGv_i64 kept = tcg_temp_new_i64(), rax = x86_gpr(R_EAX);
    tcg_gen_mov_i64(kept, x86_gpr(n));
    x86_op_store(s, 0, src);
    if (n == R_EAX) { // always equal, but for AH against AL
        if (x86_op_size(s, 0) == MO_8) {
            tcg_gen_movcond_i64(TCG_COND_EQ, rax, old, acc, rax, loaded);
        }
        return;
    }
    tcg_gen_movcond_i64(TCG_COND_EQ, x86_gpr(n), old, acc, x86_gpr(n), kept);
    tcg_gen_movcond_i64(TCG_COND_EQ, rax, old, acc, rax, loaded);
}

static bool trans_cmpxchg(DisasContext *s, int arg)
{
    (void)arg;
    MemOp size = x86_op_size(s, 0);
    TCGv_i64 acc = tcg_temp_new_i64(), src = x86_op_load_tmp(s, 1), old, r = tcg_temp_new_i64();
    tcg_gen_mov_i64(acc, x86_zext(x86_gpr(R_EAX), size));
    if (x86_has_lock(s)) {
        old = tcg_temp_new_i64();
        tcg_gen_atomic_cmpxchg_i64(old, x86_op_addr(s, 0), acc, src, size);
    } else {
        old = x86_zext(x86_op_load_tmp(s, 0), size);
        if (x86_op_is_mem(s, 0)) { // written in either case
            tcg_gen_movcond_i64(TCG_COND_EQ, r, old, acc, src, old);
            x86_op_store(s, 0, r);
        }
    }
    TCGv_i64 diff = tcg_temp_new_i64();
    tcg_gen_sub_i64(diff, acc, old);
    x86_flags_set(s, X86_FLAGS_SUB, size, acc, old, diff);
    // The accumulator is only written when the comparison fails: its upper half survives else.
    TCGv_i64 loaded = tcg_temp_new_i64(), rax = x86_gpr(R_EAX);
    if (size < MO_32) {
        tcg_gen_deposit_i64(loaded, rax, old, 0, 8u << size);
    } else {
        tcg_gen_mov_i64(loaded, old);
    }
    if (x86_op_is_reg(s, 0)) {
        gen_cmpxchg_register(s, acc, old, src, loaded);
    } else {
        tcg_gen_movcond_i64(TCG_COND_EQ, rax, old, acc, rax, loaded);
    }
    return true;
}

static bool trans_cmpxchg8b(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_i64 addr = x86_op_addr(s, 0);
    TCGv_i64 expect = tcg_temp_new_i64(), val = tcg_temp_new_i64(), old = tcg_temp_new_i64();
    TCGv_i64 rax = x86_gpr(R_EAX), rdx = x86_gpr(R_EDX), t = tcg_temp_new_i64();

    tcg_gen_deposit_i64(expect, rax, rdx, 32, 32);
    tcg_gen_deposit_i64(val, x86_gpr(R_EBX), x86_gpr(R_ECX), 32, 32);
    tcg_gen_atomic_cmpxchg_i64(old, addr, expect, val, MO_64);
    x86_flags_to_globals_partly(s, X86_CC_Z);
    tcg_gen_xor_i64(x86_cc_z(), old, expect);
    tcg_gen_ext32u_i64(t, old);
    tcg_gen_movcond_i64(TCG_COND_EQ, rax, old, expect, rax, t);
    tcg_gen_shri_i64(t, old, 32);
    tcg_gen_movcond_i64(TCG_COND_EQ, rdx, old, expect, rdx, t);
    return true;
}

static bool trans_cmpxchg16b(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_i64 addr = x86_op_addr(s, 0);
    TCGv_i64 rax = x86_gpr(R_EAX), rdx = x86_gpr(R_EDX);
    TCGv_i128 expect = tcg_temp_new_i128(), val = tcg_temp_new_i128(), old = tcg_temp_new_i128();
    TCGv_i64 lo = tcg_temp_new_i64(), hi = tcg_temp_new_i64(), u = tcg_temp_new_i64();

    x86_gen_align16_check(s, addr);
    tcg_gen_concat_i64_i128(expect, rax, rdx);
    tcg_gen_concat_i64_i128(val, x86_gpr(R_EBX), x86_gpr(R_ECX));
    tcg_gen_atomic_cmpxchg_i128(old, addr, expect, val, MO_128);
    tcg_gen_extrl_i128_i64(lo, old);
    tcg_gen_extrh_i128_i64(hi, old);
    x86_flags_to_globals_partly(s, X86_CC_Z);
    tcg_gen_xor_i64(x86_cc_z(), lo, rax);
    tcg_gen_xor_i64(u, hi, rdx);
    tcg_gen_or_i64(x86_cc_z(), x86_cc_z(), u);
    // When equal, old is what the registers hold already.
    tcg_gen_mov_i64(rax, lo);
    tcg_gen_mov_i64(rdx, hi);
    return true;
}

// clang-format off
#define CC_ROWS(PREFIX, trans)                                                                     \
    {ZYDIS_MNEMONIC_##PREFIX##O, trans, 0, X86_FEAT_NONE},                                         \
    {ZYDIS_MNEMONIC_##PREFIX##NO, trans, 1, X86_FEAT_NONE},                                        \
    {ZYDIS_MNEMONIC_##PREFIX##B, trans, 2, X86_FEAT_NONE},                                         \
    {ZYDIS_MNEMONIC_##PREFIX##NB, trans, 3, X86_FEAT_NONE},                                        \
    {ZYDIS_MNEMONIC_##PREFIX##Z, trans, 4, X86_FEAT_NONE},                                         \
    {ZYDIS_MNEMONIC_##PREFIX##NZ, trans, 5, X86_FEAT_NONE},                                        \
    {ZYDIS_MNEMONIC_##PREFIX##BE, trans, 6, X86_FEAT_NONE},                                        \
    {ZYDIS_MNEMONIC_##PREFIX##NBE, trans, 7, X86_FEAT_NONE},                                       \
    {ZYDIS_MNEMONIC_##PREFIX##S, trans, 8, X86_FEAT_NONE},                                         \
    {ZYDIS_MNEMONIC_##PREFIX##NS, trans, 9, X86_FEAT_NONE},                                        \
    {ZYDIS_MNEMONIC_##PREFIX##P, trans, 10, X86_FEAT_NONE},                                        \
    {ZYDIS_MNEMONIC_##PREFIX##NP, trans, 11, X86_FEAT_NONE},                                       \
    {ZYDIS_MNEMONIC_##PREFIX##L, trans, 12, X86_FEAT_NONE},                                        \
    {ZYDIS_MNEMONIC_##PREFIX##NL, trans, 13, X86_FEAT_NONE},                                       \
    {ZYDIS_MNEMONIC_##PREFIX##LE, trans, 14, X86_FEAT_NONE},                                       \
    {ZYDIS_MNEMONIC_##PREFIX##NLE, trans, 15, X86_FEAT_NONE}

const X86Row x86_rows_gp[] = {
    {ZYDIS_MNEMONIC_MOV,        trans_mov,        0,         X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_MOVNTI,     trans_mov,        0,         X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_LSS,        trans_load_far,   R_SS,      X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_LFS,        trans_load_far,   R_FS,      X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_LGS,        trans_load_far,   R_GS,      X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_MOVZX,      trans_movx,       false,     X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_MOVSX,      trans_movx,       true,      X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_MOVSXD,     trans_movx,       true,      X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_MOVBE,      trans_movbe,      0,         X86_FEAT_MOVBE},
    {ZYDIS_MNEMONIC_BSWAP,      trans_bswap,      0,         X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_LEA,        trans_lea,        0,         X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_XLAT,       trans_xlat,       0,         X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_CBW,        trans_cbw,        MO_16,     X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_CWDE,       trans_cbw,        MO_32,     X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_CDQE,       trans_cbw,        MO_64,     X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_CWD,        trans_cwd,        MO_16,     X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_CDQ,        trans_cwd,        MO_32,     X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_CQO,        trans_cwd,        MO_64,     X86_FEAT_NONE},
    CC_ROWS(CMOV, trans_cmov),
    CC_ROWS(SET, trans_setcc),

    {ZYDIS_MNEMONIC_PUSH,       trans_push,       0,         X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_POP,        trans_pop,        0,         X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_ENTER,      trans_enter,      0,         X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_LEAVE,      trans_leave,      0,         X86_FEAT_NONE},

    {ZYDIS_MNEMONIC_ADD,        trans_alu,        ALU_ADD,   X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_SUB,        trans_alu,        ALU_SUB,   X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_CMP,        trans_alu,        ALU_CMP,   X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_AND,        trans_alu,        ALU_AND,   X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_TEST,       trans_alu,        ALU_TEST,  X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_OR,         trans_alu,        ALU_OR,    X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_XOR,        trans_alu,        ALU_XOR,   X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_ADC,        trans_adc,        ALU_ADC,   X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_SBB,        trans_adc,        ALU_SBB,   X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_ADCX,       trans_adx,        X86_CC_C,  X86_FEAT_ADX},
    {ZYDIS_MNEMONIC_ADOX,       trans_adx,        X86_CC_O,  X86_FEAT_ADX},
    {ZYDIS_MNEMONIC_INC,        trans_incdec,     1,         X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_DEC,        trans_incdec,     -1,        X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_NEG,        trans_neg,        0,         X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_NOT,        trans_not,        0,         X86_FEAT_NONE},

    {ZYDIS_MNEMONIC_XCHG,       trans_xchg,       0,         X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_XADD,       trans_xadd,       0,         X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_CMPXCHG,    trans_cmpxchg,    0,         X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_CMPXCHG8B,  trans_cmpxchg8b,  0,         X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_CMPXCHG16B, trans_cmpxchg16b, 0,         X86_FEAT_CX16},
};
// clang-format on
const size_t x86_rows_gp_count = G_N_ELEMENTS(x86_rows_gp);
