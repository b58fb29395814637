// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LINK: myna_test_x86_llvm
// TIMEOUT: 300
//
// SSE to SSE4A, MMX, AES, PCLMUL and SHA against the host CPU: a case is an instruction (or a few), run
// from many states made of nasty values, under every rounding mode, with and without DAZ and FTZ; all
// registers, MXCSR's flags, EFLAGS and memory must come out the same.
//
// RSI points to 256 aligned bytes of the same nasty values, RDI to 256 more.

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frontend/translator.h"
#include "x86-native.h"

// What a case's operands are made of.
#define KIND_F32 1
#define KIND_F64 2
#define KIND_INT 3
#define KIND_STR 4 // bytes and words of a small alphabet, with zeros
#define F32(text) X86_CASE(KIND_F32, text)
#define F64(text) X86_CASE(KIND_F64, text)
#define INT(text) X86_CASE(KIND_INT, text)
#define STR(text) X86_CASE(KIND_STR, text)

// clang-format off
// --- moves
INT("movaps %xmm1, %xmm0") INT("movaps (%rsi), %xmm0") INT("movaps %xmm1, 16(%rdi)")
INT("movups 3(%rsi), %xmm0") INT("movups %xmm1, 5(%rdi)") INT("movupd 3(%rsi), %xmm0")
INT("movdqa %xmm1, %xmm9") INT("movdqa %xmm9, (%rdi)") INT("movdqu 1(%rsi), %xmm8") INT("movdqu %xmm8, 1(%rdi)")
INT("movapd 16(%rsi), %xmm0") INT("lddqu 7(%rsi), %xmm3")
INT("movntps %xmm0, (%rdi)") INT("movntpd %xmm0, (%rdi)") INT("movntdq %xmm0, (%rdi)") INT("movntdqa (%rsi), %xmm0")
INT("movaps 8(%rsi), %xmm0") INT("movaps %xmm0, 8(%rdi)") INT("paddb 1(%rsi), %xmm0") // #GP
INT("movd %eax, %xmm0") INT("movd %xmm0, %eax") INT("movd (%rsi), %xmm0") INT("movd %xmm0, 2(%rdi)")
INT("movq %rax, %xmm0") INT("movq %xmm0, %rax") INT("movq 3(%rsi), %xmm0") INT("movq %xmm0, 2(%rdi)") INT("movq %xmm1, %xmm0")
INT("movss %xmm1, %xmm0") INT("movss 3(%rsi), %xmm0") INT("movss %xmm0, 3(%rdi)")
INT("movsd %xmm1, %xmm0") INT("movsd 3(%rsi), %xmm0") INT("movsd %xmm0, 3(%rdi)")
INT("movntss %xmm0, 3(%rdi)") INT("movntsd %xmm0, 3(%rdi)")
INT("movlps 3(%rsi), %xmm0") INT("movlps %xmm0, 3(%rdi)") INT("movlpd 3(%rsi), %xmm0") INT("movlpd %xmm0, 3(%rdi)")
INT("movhps 3(%rsi), %xmm0") INT("movhps %xmm0, 3(%rdi)") INT("movhpd 3(%rsi), %xmm0") INT("movhpd %xmm0, 3(%rdi)")
INT("movlhps %xmm1, %xmm0") INT("movhlps %xmm1, %xmm0") INT("movlhps %xmm0, %xmm0") INT("movhlps %xmm0, %xmm0")
INT("movddup %xmm1, %xmm0") INT("movddup 3(%rsi), %xmm0") INT("movsldup %xmm1, %xmm0") INT("movshdup %xmm1, %xmm0")
INT("movsldup (%rsi), %xmm0") INT("movshdup (%rsi), %xmm0")
INT("movmskps %xmm1, %eax") INT("movmskpd %xmm1, %eax") INT("pmovmskb %xmm1, %eax") INT("movmskps %xmm1, %r9")
INT("maskmovdqu %xmm1, %xmm0")

// --- FP arithmetic
F32("addps %xmm1, %xmm0") F32("addps (%rsi), %xmm0") F32("addss %xmm1, %xmm0") F32("addss 3(%rsi), %xmm0")
F32("subps %xmm1, %xmm0") F32("subss %xmm1, %xmm0") F32("subss (%rsi), %xmm0")
F32("mulps %xmm1, %xmm0") F32("mulss %xmm1, %xmm0") F32("mulss (%rsi), %xmm0") F32("mulps %xmm0, %xmm0")
F32("divps %xmm1, %xmm0") F32("divss %xmm1, %xmm0") F32("divss (%rsi), %xmm0")
F32("minps %xmm1, %xmm0") F32("minss %xmm1, %xmm0") F32("minss (%rsi), %xmm0")
F32("maxps %xmm1, %xmm0") F32("maxss %xmm1, %xmm0") F32("maxss (%rsi), %xmm0")
F32("sqrtps %xmm1, %xmm0") F32("sqrtss %xmm1, %xmm0") F32("sqrtss (%rsi), %xmm0") F32("sqrtps (%rsi), %xmm0")
F64("addpd %xmm1, %xmm0") F64("addpd (%rsi), %xmm0") F64("addsd %xmm1, %xmm0") F64("addsd 8(%rsi), %xmm0")
F64("subpd %xmm1, %xmm0") F64("subsd %xmm1, %xmm0") F64("subsd (%rsi), %xmm0")
F64("mulpd %xmm1, %xmm0") F64("mulsd %xmm1, %xmm0") F64("mulsd (%rsi), %xmm0") F64("mulpd %xmm0, %xmm0")
F64("divpd %xmm1, %xmm0") F64("divsd %xmm1, %xmm0") F64("divsd (%rsi), %xmm0")
F64("minpd %xmm1, %xmm0") F64("minsd %xmm1, %xmm0") F64("minsd (%rsi), %xmm0")
F64("maxpd %xmm1, %xmm0") F64("maxsd %xmm1, %xmm0") F64("maxsd (%rsi), %xmm0")
F64("sqrtpd %xmm1, %xmm0") F64("sqrtsd %xmm1, %xmm0") F64("sqrtsd (%rsi), %xmm0")
F32("rcpps %xmm1, %xmm0") F32("rcpss %xmm1, %xmm0") F32("rsqrtps %xmm1, %xmm0") F32("rsqrtss %xmm1, %xmm0")
F32("rcpss 4(%rsi), %xmm0") F32("rsqrtps (%rsi), %xmm0")
F32("haddps %xmm1, %xmm0") F32("hsubps %xmm1, %xmm0") F64("haddpd %xmm1, %xmm0") F64("hsubpd %xmm1, %xmm0")
F32("haddps (%rsi), %xmm0") F64("haddpd %xmm0, %xmm0")
F32("addsubps %xmm1, %xmm0") F64("addsubpd %xmm1, %xmm0") F32("addsubps (%rsi), %xmm0")
F32("dpps $0xff, %xmm1, %xmm0") F32("dpps $0x71, %xmm1, %xmm0") F32("dpps $0x5a, (%rsi), %xmm0") F32("dpps $0x00, %xmm1, %xmm0")
F32("dpps $0x8f, %xmm1, %xmm0")
F64("dppd $0x33, %xmm1, %xmm0") F64("dppd $0x21, %xmm1, %xmm0") F64("dppd $0x12, (%rsi), %xmm0")
F32("andps %xmm1, %xmm0") F32("andnps %xmm1, %xmm0") F32("orps %xmm1, %xmm0") F32("xorps %xmm1, %xmm0")
F64("andpd %xmm1, %xmm0") F64("andnpd (%rsi), %xmm0") F64("orpd %xmm1, %xmm0") F64("xorpd %xmm0, %xmm0")

// --- FP comparisons
F32("cmpps $0, %xmm1, %xmm0") F32("cmpps $1, %xmm1, %xmm0") F32("cmpps $2, %xmm1, %xmm0") F32("cmpps $3, %xmm1, %xmm0")
F32("cmpps $4, %xmm1, %xmm0") F32("cmpps $5, %xmm1, %xmm0") F32("cmpps $6, %xmm1, %xmm0") F32("cmpps $7, %xmm1, %xmm0")
F32("cmpss $0, %xmm1, %xmm0") F32("cmpss $1, (%rsi), %xmm0") F32("cmpss $2, %xmm1, %xmm0") F32("cmpss $3, %xmm1, %xmm0")
F32("cmpss $4, %xmm1, %xmm0") F32("cmpss $5, %xmm1, %xmm0") F32("cmpss $6, (%rsi), %xmm0") F32("cmpss $7, %xmm1, %xmm0")
F64("cmppd $0, %xmm1, %xmm0") F64("cmppd $1, %xmm1, %xmm0") F64("cmppd $2, %xmm1, %xmm0") F64("cmppd $3, %xmm1, %xmm0")
F64("cmppd $4, %xmm1, %xmm0") F64("cmppd $5, %xmm1, %xmm0") F64("cmppd $6, %xmm1, %xmm0") F64("cmppd $7, (%rsi), %xmm0")
F64("cmpsd $0, %xmm1, %xmm0") F64("cmpsd $1, (%rsi), %xmm0") F64("cmpsd $2, %xmm1, %xmm0") F64("cmpsd $3, %xmm1, %xmm0")
F64("cmpsd $4, %xmm1, %xmm0") F64("cmpsd $5, %xmm1, %xmm0") F64("cmpsd $6, %xmm1, %xmm0") F64("cmpsd $7, (%rsi), %xmm0")
F32("comiss %xmm1, %xmm0") F32("ucomiss %xmm1, %xmm0") F32("ucomiss (%rsi), %xmm0")
F64("comisd %xmm1, %xmm0") F64("ucomisd %xmm1, %xmm0") F64("comisd (%rsi), %xmm0")
F64("ucomisd %xmm1, %xmm0; seta %al; setp %bl; setb %cl; sete %dl")
F32("comiss %xmm1, %xmm0; cmovbe %rdx, %rax; cmovnp %rcx, %rbx")

// --- conversions
INT("cvtsi2ss %eax, %xmm0") INT("cvtsi2ssq %rax, %xmm0") INT("cvtsi2sd %eax, %xmm0") INT("cvtsi2sdq %rax, %xmm0")
INT("cvtsi2ssl (%rsi), %xmm0") INT("cvtsi2ssq (%rsi), %xmm0") INT("cvtsi2sdl (%rsi), %xmm0") INT("cvtsi2sdq (%rsi), %xmm0")
F32("cvtss2si %xmm1, %eax") F32("cvtss2si %xmm1, %rax") F32("cvttss2si %xmm1, %eax") F32("cvttss2si %xmm1, %rax")
F32("cvtss2si (%rsi), %eax") F32("cvttss2si (%rsi), %rax")
F64("cvtsd2si %xmm1, %eax") F64("cvtsd2si %xmm1, %rax") F64("cvttsd2si %xmm1, %eax") F64("cvttsd2si %xmm1, %rax")
F64("cvtsd2si (%rsi), %eax") F64("cvttsd2si (%rsi), %rax")
F32("cvtss2sd %xmm1, %xmm0") F32("cvtss2sd (%rsi), %xmm0") F64("cvtsd2ss %xmm1, %xmm0") F64("cvtsd2ss (%rsi), %xmm0")
F32("cvtps2pd %xmm1, %xmm0") F32("cvtps2pd 3(%rsi), %xmm0") F64("cvtpd2ps %xmm1, %xmm0") F64("cvtpd2ps (%rsi), %xmm0")
INT("cvtdq2ps %xmm1, %xmm0") INT("cvtdq2pd %xmm1, %xmm0") INT("cvtdq2pd 3(%rsi), %xmm0") INT("cvtdq2ps (%rsi), %xmm0")
F32("cvtps2dq %xmm1, %xmm0") F32("cvttps2dq %xmm1, %xmm0") F64("cvtpd2dq %xmm1, %xmm0") F64("cvttpd2dq %xmm1, %xmm0")
F32("cvtps2dq (%rsi), %xmm0") F64("cvtpd2dq (%rsi), %xmm0")
INT("cvtpi2ps %mm1, %xmm0") INT("cvtpi2ps (%rsi), %xmm0") INT("cvtpi2pd %mm1, %xmm0") INT("cvtpi2pd (%rsi), %xmm0")
F32("cvtps2pi %xmm1, %mm0") F32("cvttps2pi %xmm1, %mm0") F32("cvtps2pi (%rsi), %mm0")
F64("cvtpd2pi %xmm1, %mm0") F64("cvttpd2pi %xmm1, %mm0") F64("cvttpd2pi (%rsi), %mm0")
F32("roundps $0, %xmm1, %xmm0") F32("roundps $1, %xmm1, %xmm0") F32("roundps $2, %xmm1, %xmm0") F32("roundps $3, %xmm1, %xmm0")
F32("roundps $4, %xmm1, %xmm0") F32("roundps $8, %xmm1, %xmm0") F32("roundps $9, %xmm1, %xmm0") F32("roundps $12, (%rsi), %xmm0")
F64("roundpd $0, %xmm1, %xmm0") F64("roundpd $1, %xmm1, %xmm0") F64("roundpd $2, %xmm1, %xmm0") F64("roundpd $3, %xmm1, %xmm0")
F64("roundpd $4, %xmm1, %xmm0") F64("roundpd $10, %xmm1, %xmm0") F64("roundpd $11, %xmm1, %xmm0") F64("roundpd $12, %xmm1, %xmm0")
F32("roundss $0, %xmm1, %xmm0") F32("roundss $4, (%rsi), %xmm0") F32("roundss $9, %xmm1, %xmm0") F32("roundss $11, %xmm1, %xmm0")
F64("roundsd $0, %xmm1, %xmm0") F64("roundsd $4, (%rsi), %xmm0") F64("roundsd $9, %xmm1, %xmm0") F64("roundsd $11, %xmm1, %xmm0")
F64("roundsd $2, %xmm1, %xmm0") F32("roundss $3, %xmm1, %xmm0")

// --- shuffles
INT("shufps $0x1b, %xmm1, %xmm0") INT("shufps $0xe4, (%rsi), %xmm0") INT("shufps $0x72, %xmm0, %xmm0") INT("shufpd $1, %xmm1, %xmm0")
INT("shufpd $2, %xmm1, %xmm0") INT("shufpd $3, (%rsi), %xmm0")
INT("unpcklps %xmm1, %xmm0") INT("unpckhps %xmm1, %xmm0") INT("unpcklpd %xmm1, %xmm0") INT("unpckhpd (%rsi), %xmm0")
INT("blendps $0x5, %xmm1, %xmm0") INT("blendpd $2, %xmm1, %xmm0") INT("pblendw $0xa6, (%rsi), %xmm0")
INT("blendvps %xmm0, %xmm2, %xmm1") INT("blendvpd %xmm0, %xmm2, %xmm1") INT("pblendvb %xmm0, (%rsi), %xmm1")
INT("insertps $0x1c, %xmm1, %xmm0") INT("insertps $0xe2, %xmm1, %xmm0") INT("insertps $0xd1, 4(%rsi), %xmm0")
INT("extractps $2, %xmm1, %eax") INT("extractps $3, %xmm1, 3(%rdi)")
INT("pshufd $0x1b, %xmm1, %xmm0") INT("pshufd $0x93, (%rsi), %xmm0") INT("pshuflw $0x39, %xmm1, %xmm0") INT("pshufhw $0xc6, %xmm1, %xmm0")
INT("pshufb %xmm1, %xmm0") INT("pshufb (%rsi), %xmm0") INT("pshufb %xmm0, %xmm0")
INT("palignr $0, %xmm1, %xmm0") INT("palignr $5, %xmm1, %xmm0") INT("palignr $16, %xmm1, %xmm0") INT("palignr $21, (%rsi), %xmm0") INT("palignr $32, %xmm1, %xmm0")
INT("palignr $255, %xmm1, %xmm0") INT("palignr $9, %xmm0, %xmm0")
INT("pslldq $3, %xmm0") INT("pslldq $16, %xmm0") INT("psrldq $7, %xmm0") INT("psrldq $255, %xmm0") INT("psrldq $0, %xmm0")
INT("punpcklbw %xmm1, %xmm0") INT("punpcklwd %xmm1, %xmm0") INT("punpckldq %xmm1, %xmm0") INT("punpcklqdq (%rsi), %xmm0")
INT("punpckhbw %xmm1, %xmm0") INT("punpckhwd %xmm1, %xmm0") INT("punpckhdq (%rsi), %xmm0") INT("punpckhqdq %xmm1, %xmm0")

// --- lanes
INT("pextrb $5, %xmm1, %eax") INT("pextrb $31, %xmm1, 3(%rdi)") INT("pextrw $3, %xmm1, %eax") INT("pextrw $15, %xmm1, 3(%rdi)")
INT("pextrd $2, %xmm1, %eax") INT("pextrd $3, %xmm1, 3(%rdi)") INT("pextrq $1, %xmm1, %rax") INT("pextrq $0, %xmm1, 3(%rdi)")
INT("pinsrb $9, %eax, %xmm0") INT("pinsrb $31, 3(%rsi), %xmm0") INT("pinsrw $3, %eax, %xmm0") INT("pinsrw $7, 3(%rsi), %xmm0")
INT("pinsrd $2, %eax, %xmm0") INT("pinsrd $1, 3(%rsi), %xmm0") INT("pinsrq $1, %rax, %xmm0") INT("pinsrq $0, 3(%rsi), %xmm0")
INT("pmovsxbw %xmm1, %xmm0") INT("pmovsxbd %xmm1, %xmm0") INT("pmovsxbq %xmm1, %xmm0") INT("pmovsxwd %xmm1, %xmm0") INT("pmovsxwq %xmm1, %xmm0") INT("pmovsxdq %xmm1, %xmm0")
INT("pmovzxbw %xmm1, %xmm0") INT("pmovzxbd %xmm1, %xmm0") INT("pmovzxbq %xmm1, %xmm0") INT("pmovzxwd %xmm1, %xmm0") INT("pmovzxwq %xmm1, %xmm0") INT("pmovzxdq %xmm1, %xmm0")
INT("pmovsxbw 3(%rsi), %xmm0") INT("pmovsxbd 3(%rsi), %xmm0") INT("pmovzxbq 3(%rsi), %xmm0") INT("pmovzxwq 3(%rsi), %xmm0") INT("pmovsxdq %xmm0, %xmm0")

// --- integer arithmetic
INT("paddb %xmm1, %xmm0") INT("paddw %xmm1, %xmm0") INT("paddd (%rsi), %xmm0") INT("paddq %xmm1, %xmm0")
INT("psubb %xmm1, %xmm0") INT("psubw %xmm1, %xmm0") INT("psubd %xmm1, %xmm0") INT("psubq (%rsi), %xmm0")
INT("paddsb %xmm1, %xmm0") INT("paddsw %xmm1, %xmm0") INT("paddusb %xmm1, %xmm0") INT("paddusw %xmm1, %xmm0")
INT("psubsb %xmm1, %xmm0") INT("psubsw %xmm1, %xmm0") INT("psubusb %xmm1, %xmm0") INT("psubusw %xmm1, %xmm0")
INT("pmullw %xmm1, %xmm0") INT("pmulld %xmm1, %xmm0") INT("pmulhw %xmm1, %xmm0") INT("pmulhuw %xmm1, %xmm0") INT("pmulhrsw %xmm1, %xmm0")
INT("pmuludq %xmm1, %xmm0") INT("pmuldq %xmm1, %xmm0") INT("pmaddwd %xmm1, %xmm0") INT("pmaddubsw %xmm1, %xmm0") INT("psadbw %xmm1, %xmm0")
INT("pmuludq (%rsi), %xmm0") INT("pmaddwd (%rsi), %xmm0")
INT("pminsb %xmm1, %xmm0") INT("pminsw %xmm1, %xmm0") INT("pminsd %xmm1, %xmm0") INT("pminub %xmm1, %xmm0") INT("pminuw %xmm1, %xmm0") INT("pminud %xmm1, %xmm0")
INT("pmaxsb %xmm1, %xmm0") INT("pmaxsw %xmm1, %xmm0") INT("pmaxsd %xmm1, %xmm0") INT("pmaxub %xmm1, %xmm0") INT("pmaxuw %xmm1, %xmm0") INT("pmaxud %xmm1, %xmm0")
INT("pavgb %xmm1, %xmm0") INT("pavgw %xmm1, %xmm0")
INT("pand %xmm1, %xmm0") INT("pandn %xmm1, %xmm0") INT("por %xmm1, %xmm0") INT("pxor %xmm1, %xmm0") INT("pxor %xmm0, %xmm0") INT("pandn (%rsi), %xmm0")
INT("pcmpeqb %xmm1, %xmm0") INT("pcmpeqw %xmm1, %xmm0") INT("pcmpeqd %xmm1, %xmm0") INT("pcmpeqq %xmm1, %xmm0") INT("pcmpeqd %xmm0, %xmm0")
INT("pcmpgtb %xmm1, %xmm0") INT("pcmpgtw %xmm1, %xmm0") INT("pcmpgtd %xmm1, %xmm0") INT("pcmpgtq %xmm1, %xmm0")
INT("psignb %xmm1, %xmm0") INT("psignw %xmm1, %xmm0") INT("psignd %xmm1, %xmm0") INT("psignd %xmm0, %xmm0")
INT("pabsb %xmm1, %xmm0") INT("pabsw %xmm1, %xmm0") INT("pabsd (%rsi), %xmm0")
INT("phaddw %xmm1, %xmm0") INT("phaddd %xmm1, %xmm0") INT("phaddsw %xmm1, %xmm0") INT("phsubw %xmm1, %xmm0") INT("phsubd %xmm1, %xmm0") INT("phsubsw (%rsi), %xmm0")
INT("packsswb %xmm1, %xmm0") INT("packssdw %xmm1, %xmm0") INT("packuswb %xmm1, %xmm0") INT("packusdw %xmm1, %xmm0") INT("packuswb %xmm0, %xmm0")
INT("mpsadbw $0, %xmm1, %xmm0") INT("mpsadbw $7, %xmm1, %xmm0") INT("mpsadbw $5, (%rsi), %xmm0") INT("phminposuw %xmm1, %xmm0") INT("phminposuw (%rsi), %xmm0")
INT("ptest %xmm1, %xmm0") INT("ptest (%rsi), %xmm0") INT("ptest %xmm0, %xmm0; setc %al; sets %bl; seto %cl; setp %dl")
INT("pxor %xmm1, %xmm1; ptest %xmm1, %xmm0") INT("pandn %xmm1, %xmm0; ptest %xmm0, %xmm1")

// --- shifts: by an immediate, by a register whose count is often small
INT("psllw $5, %xmm0") INT("psllw $16, %xmm0") INT("pslld $31, %xmm0") INT("pslld $32, %xmm0") INT("psllq $63, %xmm0") INT("psllq $64, %xmm0") INT("psllq $0, %xmm0")
INT("psrlw $5, %xmm0") INT("psrlw $16, %xmm0") INT("psrld $31, %xmm0") INT("psrld $255, %xmm0") INT("psrlq $63, %xmm0") INT("psrlq $64, %xmm0")
INT("psraw $5, %xmm0") INT("psraw $16, %xmm0") INT("psrad $31, %xmm0") INT("psrad $77, %xmm0")
INT("psllw %xmm1, %xmm0") INT("psrad %xmm1, %xmm0") INT("psllq (%rsi), %xmm0")
INT("movd %eax, %xmm1; psllw %xmm1, %xmm0") INT("movd %eax, %xmm1; pslld %xmm1, %xmm0") INT("movd %eax, %xmm1; psllq %xmm1, %xmm0")
INT("and $31, %eax; movd %eax, %xmm1; psrlw %xmm1, %xmm0") INT("and $63, %eax; movd %eax, %xmm1; psrld %xmm1, %xmm0")
INT("and $127, %eax; movd %eax, %xmm1; psrlq %xmm1, %xmm0") INT("and $31, %eax; movd %eax, %xmm1; psraw %xmm1, %xmm0")
INT("and $63, %eax; movd %eax, %xmm1; psrad %xmm1, %xmm0") INT("and $31, %eax; movd %eax, %xmm1; psllw %xmm1, %xmm0")

// --- strings
STR("pcmpistri $0x00, %xmm1, %xmm0") STR("pcmpistri $0x01, %xmm1, %xmm0") STR("pcmpistri $0x02, %xmm1, %xmm0") STR("pcmpistri $0x03, %xmm1, %xmm0")
STR("pcmpistri $0x04, %xmm1, %xmm0") STR("pcmpistri $0x05, %xmm1, %xmm0") STR("pcmpistri $0x06, %xmm1, %xmm0") STR("pcmpistri $0x47, %xmm1, %xmm0")
STR("pcmpistri $0x08, %xmm1, %xmm0") STR("pcmpistri $0x09, %xmm1, %xmm0") STR("pcmpistri $0x1a, %xmm1, %xmm0") STR("pcmpistri $0x7b, %xmm1, %xmm0")
STR("pcmpistri $0x0c, %xmm1, %xmm0") STR("pcmpistri $0x0d, %xmm1, %xmm0") STR("pcmpistri $0x1c, %xmm1, %xmm0") STR("pcmpistri $0x7d, %xmm1, %xmm0")
STR("pcmpistri $0x18, 3(%rsi), %xmm0") STR("pcmpistri $0x3a, %xmm1, %xmm0") STR("pcmpistri $0x30, %xmm1, %xmm0")
STR("pcmpistrm $0x00, %xmm1, %xmm0") STR("pcmpistrm $0x40, %xmm1, %xmm0") STR("pcmpistrm $0x41, %xmm1, %xmm0") STR("pcmpistrm $0x4c, %xmm1, %xmm0")
STR("pcmpistrm $0x7a, 5(%rsi), %xmm1") STR("pcmpistrm $0x18, %xmm1, %xmm0")
STR("pcmpestri $0x00, %xmm1, %xmm0") STR("pcmpestri $0x05, %xmm1, %xmm0") STR("pcmpestri $0x1a, %xmm1, %xmm0") STR("pcmpestri $0x0d, %xmm1, %xmm0")
STR("pcmpestri $0x4c, %xmm1, %xmm0") STR("pcmpestri $0x38, %xmm1, %xmm0") STR("pcmpestri $0x63, 1(%rsi), %xmm0")
STR("pcmpestrm $0x00, %xmm1, %xmm0") STR("pcmpestrm $0x41, %xmm1, %xmm0") STR("pcmpestrm $0x4c, %xmm1, %xmm2") STR("pcmpestrm $0x68, %xmm1, %xmm2")
STR("movslq %eax, %rax; movslq %edx, %rdx; .byte 0x66,0x48,0x0f,0x3a,0x61,0xc1,0x0c")

// --- SSE4A (the upper half of the result is undefined: see cleared_high)
INT("extrq $3, $7, %xmm0; movq %xmm0, %xmm0") INT("extrq $0, $0, %xmm0; movq %xmm0, %xmm0") INT("extrq $32, $32, %xmm0; movq %xmm0, %xmm0")
INT("insertq $3, $7, %xmm1, %xmm0; movq %xmm0, %xmm0") INT("insertq $0, $0, %xmm1, %xmm0; movq %xmm0, %xmm0") INT("insertq $40, $24, %xmm1, %xmm0; movq %xmm0, %xmm0")
INT("mov $0x0510, %eax; movd %eax, %xmm1; extrq %xmm1, %xmm0; movq %xmm0, %xmm0")
INT("mov $0x0510, %eax; movd %eax, %xmm2; punpcklqdq %xmm2, %xmm1; insertq %xmm1, %xmm0; movq %xmm0, %xmm0")

// --- MMX
INT("movd %eax, %mm0") INT("movd %mm0, %eax") INT("movd (%rsi), %mm0") INT("movd %mm1, 3(%rdi)")
INT("movq %rax, %mm0") INT("movq %mm0, %rax") INT("movq 3(%rsi), %mm0") INT("movq %mm1, 3(%rdi)") INT("movq %mm1, %mm0")
INT("movq2dq %mm1, %xmm0") INT("movdq2q %xmm1, %mm0") INT("movntq %mm1, 8(%rdi)") INT("emms") INT("paddb %mm1, %mm0; emms")
INT("maskmovq %mm1, %mm0") INT("pmovmskb %mm1, %eax") INT("pshufw $0x1b, %mm1, %mm0") INT("pshufw $0x93, 3(%rsi), %mm0")
INT("pextrw $3, %mm1, %eax") INT("pextrw $6, %mm1, %eax") INT("pinsrw $2, %eax, %mm0") INT("pinsrw $7, 3(%rsi), %mm0")
INT("paddb %mm1, %mm0") INT("paddw %mm1, %mm0") INT("paddd 3(%rsi), %mm0") INT("paddq %mm1, %mm0")
INT("psubb %mm1, %mm0") INT("psubw %mm1, %mm0") INT("psubd %mm1, %mm0") INT("psubq %mm1, %mm0")
INT("paddsb %mm1, %mm0") INT("paddsw %mm1, %mm0") INT("paddusb %mm1, %mm0") INT("paddusw %mm1, %mm0")
INT("psubsb %mm1, %mm0") INT("psubsw %mm1, %mm0") INT("psubusb %mm1, %mm0") INT("psubusw %mm1, %mm0")
INT("pmullw %mm1, %mm0") INT("pmulhw %mm1, %mm0") INT("pmulhuw %mm1, %mm0") INT("pmulhrsw %mm1, %mm0") INT("pmuludq %mm1, %mm0")
INT("pmaddwd %mm1, %mm0") INT("pmaddubsw %mm1, %mm0") INT("psadbw %mm1, %mm0") INT("pavgb %mm1, %mm0") INT("pavgw %mm1, %mm0")
INT("pminsw %mm1, %mm0") INT("pminub %mm1, %mm0") INT("pmaxsw %mm1, %mm0") INT("pmaxub %mm1, %mm0")
INT("pand %mm1, %mm0") INT("pandn %mm1, %mm0") INT("por %mm1, %mm0") INT("pxor %mm1, %mm0")
INT("pcmpeqb %mm1, %mm0") INT("pcmpeqw %mm1, %mm0") INT("pcmpeqd %mm1, %mm0") INT("pcmpgtb %mm1, %mm0") INT("pcmpgtw %mm1, %mm0") INT("pcmpgtd %mm1, %mm0")
INT("psignb %mm1, %mm0") INT("psignw %mm1, %mm0") INT("psignd %mm1, %mm0") INT("pabsb %mm1, %mm0") INT("pabsw %mm1, %mm0") INT("pabsd %mm1, %mm0")
INT("phaddw %mm1, %mm0") INT("phaddd %mm1, %mm0") INT("phaddsw %mm1, %mm0") INT("phsubw %mm1, %mm0") INT("phsubd %mm1, %mm0") INT("phsubsw %mm1, %mm0")
INT("packsswb %mm1, %mm0") INT("packssdw %mm1, %mm0") INT("packuswb %mm1, %mm0")
INT("punpcklbw %mm1, %mm0") INT("punpcklwd 3(%rsi), %mm0") INT("punpckldq %mm1, %mm0") INT("punpckhbw %mm1, %mm0") INT("punpckhwd %mm1, %mm0") INT("punpckhdq %mm1, %mm0")
INT("pshufb %mm1, %mm0") INT("palignr $5, %mm1, %mm0") INT("palignr $11, %mm1, %mm0") INT("palignr $16, %mm1, %mm0")
INT("psllw $5, %mm0") INT("pslld $31, %mm0") INT("psllq $64, %mm0") INT("psrlw $16, %mm0") INT("psrld $3, %mm0") INT("psrlq $63, %mm0") INT("psraw $16, %mm0") INT("psrad $9, %mm0")
INT("psllw %mm1, %mm0") INT("movd %eax, %mm1; psrad %mm1, %mm0") INT("and $31, %eax; movd %eax, %mm1; psllw %mm1, %mm0") INT("psrlq (%rsi), %mm0")

// --- AES, PCLMUL, SHA
INT("aesenc %xmm1, %xmm0") INT("aesenclast %xmm1, %xmm0") INT("aesdec %xmm1, %xmm0") INT("aesdeclast (%rsi), %xmm0") INT("aesimc %xmm1, %xmm0")
INT("aeskeygenassist $0x1b, %xmm1, %xmm0") INT("aeskeygenassist $0, (%rsi), %xmm0")
INT("pclmulqdq $0x00, %xmm1, %xmm0") INT("pclmulqdq $0x01, %xmm1, %xmm0") INT("pclmulqdq $0x10, (%rsi), %xmm0") INT("pclmulqdq $0x11, %xmm1, %xmm0")
INT("sha1msg1 %xmm1, %xmm0") INT("sha1msg2 %xmm1, %xmm0") INT("sha1nexte %xmm1, %xmm0")
INT("sha1rnds4 $0, %xmm1, %xmm0") INT("sha1rnds4 $1, %xmm1, %xmm0") INT("sha1rnds4 $2, (%rsi), %xmm0") INT("sha1rnds4 $3, %xmm1, %xmm0")
INT("sha256msg1 3(%rsi), %xmm0") INT("sha256msg1 %xmm1, %xmm0") INT("sha256msg2 %xmm1, %xmm0") INT("sha256rnds2 %xmm0, %xmm2, %xmm1")

// --- MXCSR and state
F32("stmxcsr (%rdi)") F32("addps %xmm1, %xmm0; stmxcsr (%rdi)") F32("divps %xmm1, %xmm0; stmxcsr 4(%rdi); subps %xmm2, %xmm0")
F32("movl $0x7f80, (%rdi); ldmxcsr (%rdi); cvtps2dq %xmm1, %xmm0; addps %xmm1, %xmm2")
F32("movl $0x3fbf, (%rdi); ldmxcsr (%rdi); cvtps2dq %xmm1, %xmm0") F32("movl $0x5f80, (%rdi); ldmxcsr (%rdi); divps %xmm1, %xmm0")
F32("movl $0x11f80, (%rdi); ldmxcsr (%rdi)") // #GP: a reserved bit

// --- exceptions unmasked: SIGFPE before the destination is written
F32("movl $0x1f00, (%rdi); ldmxcsr (%rdi); addps %xmm1, %xmm0; addps %xmm3, %xmm2") F32("movl $0x1d80, (%rdi); ldmxcsr (%rdi); divss %xmm1, %xmm0")
F32("movl $0x1e80, (%rdi); ldmxcsr (%rdi); mulps %xmm1, %xmm0") F32("movl $0x0000, (%rdi); ldmxcsr (%rdi); sqrtps %xmm1, %xmm0; cvtps2dq %xmm0, %xmm3")
F64("movl $0x0f80, (%rdi); ldmxcsr (%rdi); cvtsd2ss %xmm1, %xmm0; mulsd %xmm2, %xmm3") F64("movl $0x1f00, (%rdi); ldmxcsr (%rdi); comisd %xmm1, %xmm0; cmpsd $1, %xmm2, %xmm3; ucomisd %xmm3, %xmm4")
F64("movl $0x1f00, (%rdi); ldmxcsr (%rdi); cvttsd2si %xmm1, %rax; minpd %xmm0, %xmm1; roundsd $0, %xmm2, %xmm3; haddpd %xmm3, %xmm4")
F32("movl $0x1f1f, (%rdi); ldmxcsr (%rdi); cmpps $1, %xmm1, %xmm0; addps %xmm2, %xmm3") F64("movl $0x1d80, (%rdi); ldmxcsr (%rdi); mulpd %xmm1, %xmm0; addsubpd %xmm2, %xmm3; dppd $0x31, %xmm4, %xmm5")
F32("movl $0x1c80, (%rdi); ldmxcsr (%rdi); dpps $0xf1, %xmm1, %xmm0; dpps $0x7f, %xmm2, %xmm3")

// --- page faults: nothing but the address register's instruction's past has happened
F32("xor %ecx, %ecx; addps %xmm1, %xmm0; addss (%rcx), %xmm2") INT("xor %ecx, %ecx; cmp %rax, %rbx; movups %xmm1, (%rcx)") INT("xor %ecx, %ecx; add %rax, %rbx; paddb %xmm1, %xmm0; movq (%rcx), %xmm1")
INT("xor %ecx, %ecx; insertps $0xee, (%rcx), %xmm0") INT("xor %ecx, %ecx; movq (%rcx), %xmm1; pxor %xmm1, %xmm1") INT("xor %ecx, %ecx; pinsrw $3, (%rcx), %xmm0") INT("xor %ecx, %ecx; movhps %xmm0, (%rcx)") INT("xor %edi, %edi; pcmpeqb %xmm1, %xmm1; dec %rax; maskmovdqu %xmm1, %xmm0")
    // clang-format on

    enum {
        RUNS = 96,
        BUF = 256
    };

static const uint32_t nasty32[] = {
    0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x00000001, 0x80000001, 0x007fffff, 0x00800000,
    0x80800000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7f800001,
    0xff812345, 0x7fc54321, 0x3f000000, 0x3fc00000, 0x40200000, 0xc0200000, 0x4effffff, 0x4f000000,
    0xcf000000, 0xcf000001, 0x5f000000, 0x5effffff, 0xdf000000, 0x4b000001, 0x3effffff, 0x34000000,
    0x42280000, 0x3eaaaaab, 0xbeaaaaab, 0x4b7fffff, 0x1e3ce508, 0x60ad78ec,
};
static const uint64_t nasty64[] = {
    0x0000000000000000, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000,
    0x0000000000000001, 0x8000000000000001, 0x000fffffffffffff, 0x0010000000000000,
    0x7fefffffffffffff, 0xffefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000,
    0x7ff8000000000000, 0xfff8000000000000, 0x7ff0000000000001, 0xfff0123456789abc,
    0x7ff8deadbeef1234, 0x3fe0000000000000, 0x3ff8000000000000, 0x4004000000000000,
    0xc004000000000000, 0x41dfffffffc00000, 0x41dfffffffe00000, 0x41e0000000000000,
    0xc1e0000000000000, 0xc1e0000000200000, 0x43e0000000000000, 0x43dfffffffffffff,
    0xc3e0000000000000, 0x47efffffe0000000, 0x47effffff0000000, 0x380fffffffffffff,
    0x36a0000000000000, 0x3690000000000000, 0x3fd5555555555555, 0xbfd5555555555555,
    0x4045000000000000, 0x433fffffffffffff, 0x1fe0000000000001, 0x5fe6a09e667f3bcd,
};
static const uint64_t nasty_int[] = {
    0,
    ~0ull,
    0x8080808080808080,
    0x7f7f7f7f7f7f7f7f,
    0x8000800080008000,
    0x7fff7fff7fff7fff,
    0x8000000080000000,
    0x7fffffff7fffffff,
    0x0001000100010001,
    0x00000000ffffffff,
    0x8000000000000000,
    0x7fffffffffffffff,
    0xff00ff00ff00ff00,
    0x0102030405060708,
    0x00ff017e8081fffe,
    0x8000000000000001,
};

static uint64_t operand(uint64_t kind, uint64_t *seed)
{
    uint64_t r = x86_test_random(seed), v = x86_test_random(seed);
    switch (kind) {
    case KIND_F32: {
        uint32_t lane[2];
        for (unsigned i = 0; i < 2; i++, r >>= 16, v >>= 32) {
            // Two thirds from the table, the others random, near 1 or of any size.
            lane[i] = r % 3 ? nasty32[(r >> 2 & 0xff) % (sizeof nasty32 / sizeof *nasty32)]
                            : (uint32_t)(r & 0x1000 ? v : 0x3f000000 + (v & 0x81ffffff));
        }
        return lane[0] | (uint64_t)lane[1] << 32;
    }
    case KIND_F64:
        return r % 3 ? nasty64[(r >> 2 & 0xffff) % (sizeof nasty64 / sizeof *nasty64)]
                     : (r & 0x1000 ? v : 0x3fe0000000000000 + (v & 0x803fffffffffffff));
    case KIND_STR: {
        uint64_t s = 0;
        for (unsigned i = 0; i < 64; i += 8) {
            unsigned k = r >> i & 15;
            s |= (uint64_t)(k == 0 ? 0 : k < 14 ? 'a' + k % 3 : k == 14 ? 0x80 : 0xff) << i;
        }
        return r >> 62 ? s : s & 0x00ff00ff00ff00ff;
    }
    default: return r % 4 ? v : nasty_int[(r >> 2 & 0xff) % (sizeof nasty_int / sizeof *nasty_int)];
    }
}

static uint8_t buf[2 * BUF] __attribute__((aligned(64)));

static void make_state(const X86Case *c, unsigned run, uint64_t *seed, X86TestState *st)
{
    x86_test_state_init(st);
    for (unsigned i = 0; i < 16; i++) {
        if (i != 4) {
            st->gpr[i] = operand(KIND_INT, seed);
        }
        st->fx.xmm[i][0] = operand(c->kind, seed);
        st->fx.xmm[i][1] = operand(c->kind, seed);
    }
    if (run % 3 == 0) { // counts, lengths
        st->gpr[0] = (uint64_t)((int64_t)(x86_test_random(seed) % 41) - 20);
        st->gpr[2] = (uint64_t)((int64_t)(x86_test_random(seed) % 41) - 20);
    }
    if (run % 7 == 0) {
        memcpy(st->fx.xmm[1], st->fx.xmm[0], 16);
    }
    st->gpr[6] = (uint64_t)(uintptr_t)buf;
    st->gpr[7] = (uint64_t)(uintptr_t)(buf + BUF);
    for (unsigned i = 0; i < 8; i++) {
        st->fx.st[i].mant = operand(KIND_INT, seed);
        st->fx.st[i].se = x86_test_random(seed) & 0xffff;
    }
    st->fx.ftw = (uint8_t)x86_test_random(seed);
    st->fx.fsw = (uint16_t)((x86_test_random(seed) & 7) << 11);
    uint32_t mode = run & 3, extra = run >> 2 & 7;
    st->fx.mxcsr = 0x1f80 | mode << 13 | (extra == 5 || extra == 7 ? 0x8000 : 0) |
                   (extra >= 6 ? 0x40 : 0) | (extra == 4 ? 0x3f : 0);
    st->rflags = 0x202 | (x86_test_random(seed) & 0x8d5);
    for (unsigned i = 0; i < 2 * BUF; i += 8) {
        uint64_t v = operand(c->kind, seed);
        memcpy(buf + i, &v, 8);
    }
}

typedef int Engine(const uint8_t *code, size_t size, X86TestState *st, uint32_t flags);

static int run_cold(const uint8_t *code, size_t size, X86TestState *st, uint32_t flags)
{
    return x86_llvm_run(code, size, st, flags, false);
}

static int run_hot(const uint8_t *code, size_t size, X86TestState *st, uint32_t flags)
{
    return x86_llvm_run(code, size, st, flags, true);
}

static int compare(Engine *engine, const X86Case *c, const X86TestState *before,
                   const X86TestState *native, int native_sig, const uint8_t *native_mem,
                   const uint8_t *mem0, uint32_t flags)
{
    X86TestState got = *before;
    memcpy(buf, mem0, sizeof buf);
    int sig = engine(c->code, c->size, &got, flags), n = 0;
    if (sig != native_sig) {
        fprintf(stderr, "%s: expected signal %d, got %d\n", c->text, native_sig, sig);
        return 1;
    }
    // Without CF_PRECISE a faulting guest is not looked at any more.
    if (!sig || (flags & CF_PRECISE)) {
        n = x86_test_diff(c->text, before, native, &got, 0xcd5);
        for (unsigned i = 0; i < sizeof buf; i++) {
            if (buf[i] != native_mem[i]) {
                fprintf(stderr, "%s: byte %u of memory: expected %02x, got %02x\n", c->text, i,
                        native_mem[i], buf[i]);
                return n + 1;
            }
        }
    }
    return n;
}

// X86_CASE=text picks cases, X86_ROUNDS=n sets how many states each is run from.
static void check_all(Engine *engine)
{
    const char *only = getenv("X86_CASE"), *rounds = getenv("X86_ROUNDS");
    unsigned runs = rounds ? (unsigned)strtoul(rounds, NULL, 0) : RUNS;
    int bad_cases = 0, cases = 0;
    for (const X86Case *c = x86_cases_begin; c < x86_cases_end; c++, cases++) {
        if (only && !strstr(c->text, only)) {
            continue;
        }
        uint64_t seed = (uint64_t)cases * 1000003 + 17;
        for (unsigned run = 0; run < runs; run++) {
            X86TestState before, native;
            uint8_t mem0[sizeof buf], native_mem[sizeof buf];
            make_state(c, run, &seed, &before);
            memcpy(mem0, buf, sizeof buf);
            native = before;
            // Code that is not precise may leave out a load whose value it does not need.
            int sig = x86_native_run(c->code, c->size, &native);
            memcpy(native_mem, buf, sizeof buf);
            if (compare(engine, c, &before, &native, sig, native_mem, mem0,
                        (sig || run % 2) ? CF_PRECISE : 0)) {
                bad_cases++;
                break;
            }
        }
    }
    printf("%d cases, %d differ\n", cases, bad_cases);
    assert_true(cases > 400);
    assert_int_equal(bad_cases, 0);
}

static void test_interp(void **state)
{
    (void)state;
    check_all(x86_interp_run);
}

static void test_quick(void **state)
{
    (void)state;
    check_all(x86_quick_run);
}

static void test_llvm_cold(void **state)
{
    (void)state;
    check_all(run_cold);
}

static void test_llvm_hot(void **state)
{
    (void)state;
    check_all(run_hot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interp),
        cmocka_unit_test(test_quick),
        cmocka_unit_test(test_llvm_cold),
        cmocka_unit_test(test_llvm_hot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
