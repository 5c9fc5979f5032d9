/*
 * Lengths of instructions: by tables for x86-64, four bytes for arm64.
 *
 * x86-64: prefixes, then an opcode of one to three bytes in one of the maps,
 * then (as the map's letter says) a ModRM byte with what that asks for, then
 * immediate bytes. VEX, EVEX and XOP are prefixes that name the map.
 */
#include "probes/insn.h"

#include "target/target.h"

#include <string.h>

/*
 * A letter for each opcode:
 *	.	no such instruction in 64-bit mode
 *	n	nothing follows
 *	m	ModRM
 *	b w	one, two immediate bytes		B	ModRM and one
 *	z	four; two with the operand-size prefix	Z	ModRM and that
 *	v	eight with REX.W, else as z
 *	r	four
 *	e	three (enter)
 *	a	an address: eight; four with the address-size prefix
 *	t T	ModRM, and for its operations 0 and 1 one byte, or as z
 *	c	ModRM that always names registers
 *	p	prefix
 *	X	leads to another map
 */
static const char one_byte[] =
	"mmmmbz..mmmmbz.X" "mmmmbz..mmmmbz.." "mmmmbzp.mmmmbzp." "mmmmbzp.mmmmbzp."
	"pppppppppppppppp" "nnnnnnnnnnnnnnnn" "..Xmppppz" "Z" "bBnnnn" "bbbbbbbbbbbbbbbb"
	"BZ.Bmmmmmmmmmmmm" "nnnnnnnnnn.nnnnn" "aaaannnnbznnnnnn" "bbbbbbbbvvvvvvvv"
	"BBwnXXBZenwnnb.n" "mmmm...nmmmmmmmm" "bbbbbbbbrr.bnnnn" "pnppnntTnnnnnnmm";

static const char map_0f[] =
	"mmmm.nnnnn.n.mnB" "mmmmmmmmmmmmmmmm" "cccc....mmmmmmmm" "nnnnnn.nX.X....."
	"mmmmmmmmmmmmmmmm" "mmmmmmmmmmmmmmmm" "mmmmmmmmmmmmmmmm" "BBBBmmmnmmmmmmmm"
	"rrrrrrrrrrrrrrrr" "mmmmmmmmmmmmmmmm" "nnnmBmmmnnnmBmmm" "mmmmmmmmmmBmmmmm"
	"mmBmBBBmnnnnnnnn" "mmmmmmmmmmmmmmmm" "mmmmmmmmmmmmmmmm" "mmmmmmmmmmmmmmmm";

struct x86 {
	const uint8_t *at, *end;
	bool small_operand, small_address, wide, has_repeat;
};

static int next_byte(struct x86 *x)
{
	return x->at < x->end ? *x->at++ : -1;
}

static bool skip(struct x86 *x, size_t count)
{
	if ((size_t)(x->end - x->at) < count)
		return false;
	x->at += count;
	return true;
}

static bool skip_modrm(struct x86 *x)
{
	int modrm = next_byte(x), mod = modrm >> 6, rm = modrm & 7, sib;

	if (modrm < 0)
		return false;
	if (mod == 3)
		return true;
	if (rm == 4) {
		sib = next_byte(x);
		if (sib < 0)
			return false;
		if (mod == 0 && (sib & 7) == 5)
			return skip(x, 4);
	}
	if (mod == 0)
		return rm != 5 || skip(x, 4);
	return skip(x, mod == 1 ? 1 : 4);
}

static size_t size_of_z(const struct x86 *x)
{
	return x->small_operand && !x->wide ? 2 : 4;
}

/* ModRM, and an operand for those two of the group that test against one. */
static bool skip_group3(struct x86 *x, bool is_byte)
{
	bool tests = x->at < x->end && (*x->at >> 3 & 7) < 2;

	return skip_modrm(x) && (!tests || skip(x, is_byte ? 1 : size_of_z(x)));
}

static bool skip_operands(struct x86 *x, char kind)
{
	switch (kind) {
	case 'n':
		return true;
	case 'm':
		return skip_modrm(x);
	case 'b':
		return skip(x, 1);
	case 'c':
		return skip(x, 1);
	case 'w':
		return skip(x, 2);
	case 'e':
		return skip(x, 3);
	case 'r':
		return skip(x, 4);
	case 'z':
		return skip(x, size_of_z(x));
	case 'v':
		return skip(x, x->wide ? 8 : size_of_z(x));
	case 'a':
		return skip(x, x->small_address ? 4 : 8);
	case 'B':
		return skip_modrm(x) && skip(x, 1);
	case 'Z':
		return skip_modrm(x) && skip(x, size_of_z(x));
	case 't':
	case 'T':
		return skip_group3(x, kind == 't');
	default:
		return false;
	}
}

/* An opcode of the map that a VEX or EVEX prefix names. */
static bool skip_vector(struct x86 *x, unsigned map)
{
	int opcode = next_byte(x);

	if (opcode < 0)
		return false;
	switch (map) {
	case 1:		/* jumps and the like have no such form */
		return skip_operands(x, map_0f[opcode] == 'B' || opcode == 0x77
					? map_0f[opcode] : 'm');
	case 2:
	case 5:
	case 6:
		return skip_modrm(x);
	case 3:
		return skip_operands(x, 'B');
	default:
		return false;
	}
}

/* AMD's own, where POP has no other operation than 0. */
static bool skip_xop(struct x86 *x)
{
	unsigned map = x->at < x->end ? *x->at & 31 : 0;

	if (map < 8)
		return skip_modrm(x);
	if (!skip(x, 3) || map > 10)
		return false;
	return skip_operands(x, map == 8 ? 'B' : 'm') && (map != 10 || skip(x, 4));
}

static bool skip_0f(struct x86 *x)
{
	int opcode = next_byte(x);

	if (opcode == 0x38)
		return skip(x, 1) && skip_modrm(x);
	if (opcode == 0x3a)
		return skip(x, 1) && skip_operands(x, 'B');
	if (opcode == 0x78 && (x->small_operand || x->has_repeat))	/* extrq, insertq */
		return skip_modrm(x) && skip(x, 2);
	return opcode >= 0 && skip_operands(x, map_0f[opcode]);
}

static bool skip_escape(struct x86 *x, int opcode)
{
	unsigned map;

	switch (opcode) {
	case 0x0f:
		return skip_0f(x);
	case 0xc5:
		return skip(x, 1) && skip_vector(x, 1);
	case 0xc4:
		map = x->at < x->end ? *x->at & 31 : 0;
		return skip(x, 2) && skip_vector(x, map);
	case 0x62:
		map = x->at < x->end ? *x->at & 7 : 0;
		return skip(x, 3) && skip_vector(x, map);
	default:
		return false;
	}
}

/* Prefixes; the opcode is returned, -1: none. REX counts only right before it. */
static int skip_prefixes(struct x86 *x)
{
	int byte;

	while ((byte = next_byte(x)) >= 0 && one_byte[byte] == 'p') {
		x->wide = (byte & 0xf8) == 0x48;
		x->small_operand |= byte == 0x66;
		x->small_address |= byte == 0x67;
		x->has_repeat |= byte == 0xf2;
	}
	return byte;
}

#define X86_MAX_BYTES 15

static size_t x86_length(const uint8_t *code, size_t size)
{
	struct x86 x = { .at = code, .end = code + (size < X86_MAX_BYTES ? size : X86_MAX_BYTES) };
	int opcode = skip_prefixes(&x);
	bool good;

	if (opcode < 0)
		return 0;
	if (one_byte[opcode] == 'X')
		good = skip_escape(&x, opcode);
	else if (opcode == 0x8f)
		good = skip_xop(&x);
	else
		good = skip_operands(&x, one_byte[opcode]);
	return good ? (size_t)(x.at - code) : 0;
}

/* ret, ret N; with whatever prefixes. */
static bool x86_is_return(const uint8_t *code, size_t length)
{
	struct x86 x = { .at = code, .end = code + length };
	int opcode = skip_prefixes(&x);

	return opcode == 0xc3 || opcode == 0xc2;
}

/*
 * Linux does itself what a probed jump, call or push does, and moves the address
 * behind others; which one it is it reads from the first byte of the opcode
 * (arch_uprobe_analyze_insn in arch/x86/kernel/uprobes.c). Of an instruction with a
 * VEX, EVEX or XOP prefix that byte is one of another table. So `vpbroadcastb`, the
 * first one of many string functions, becomes a jump that is not taken.
 */
static bool is_acted(uint8_t opcode)
{
	static const uint8_t acted[] = {
		0x90, 0x9a, 0x9d, 0xc2, 0xc3, 0xca, 0xcb, 0xe8, 0xe9, 0xea, 0xeb, 0xff,
	};

	return (opcode & 0xf8) == 0x50 || (opcode & 0xf0) == 0x70 ||
	       memchr(acted, opcode, sizeof(acted));
}

static bool x86_is_mistaken(const uint8_t *code, size_t size)
{
	struct x86 x = { .at = code, .end = code + (size < X86_MAX_BYTES ? size : X86_MAX_BYTES) };
	size_t behind;

	switch (skip_prefixes(&x)) {
	case 0xc5:
		behind = 1;
		break;
	case 0xc4:
		behind = 2;
		break;
	case 0x62:
		behind = 3;
		break;
	case 0x8f:
		behind = x.at < x.end && (*x.at & 31) >= 8 ? 2 : size;
		break;
	default:
		return false;
	}
	return behind < (size_t)(x.end - x.at) && is_acted(x.at[behind]);
}

/*
 * What Linux does not probe: instructions that 64-bit code has not got, those of the
 * system, and all with a prefix for a segment of old or with `lock`. Asked of 6.18 for
 * each opcode of one byte; of those of two bytes it refuses none.
 */
static bool x86_is_refused(const uint8_t *code, size_t size)
{
	static const uint8_t prefixes[] = { 0x26, 0x2e, 0x36, 0x3e, 0xf0 };
	static const uint8_t refused[] = {
		0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x27, 0x2f, 0x37, 0x3f, 0x60, 0x61,
		0x6c, 0x6d, 0x6e, 0x6f, 0x82, 0x9a, 0xcc, 0xcd, 0xce, 0xcf, 0xd4, 0xd6, 0xe4,
		0xe5, 0xe6, 0xe7, 0xea, 0xec, 0xed, 0xee, 0xef, 0xf1, 0xf4, 0xfa, 0xfb,
	};
	struct x86 x = { .at = code, .end = code + (size < X86_MAX_BYTES ? size : X86_MAX_BYTES) };
	int opcode = skip_prefixes(&x);

	for (const uint8_t *at = code; at + 1 < x.at; at++)
		if (memchr(prefixes, *at, sizeof(prefixes)))
			return true;
	return opcode >= 0 && memchr(refused, opcode, sizeof(refused));
}

static size_t arm64_length(const uint8_t *code, size_t size)
{
	(void)code;
	return size < 4 ? 0 : 4;
}

/* ret xN, retaa, retab */
static bool arm64_is_return(const uint8_t *code, size_t length)
{
	uint32_t insn = code[0] | code[1] << 8 | code[2] << 16 | (uint32_t)code[3] << 24;

	(void)length;
	return (insn & 0xfffffc1f) == 0xd65f0000 || (insn & 0xfffffbff) == 0xd65f0bff;
}

static const struct insn_set sets[] = {
	{ "x86_64", x86_length, x86_is_return, x86_is_mistaken, x86_is_refused },
	{ "aarch64", arm64_length, arm64_is_return, NULL, NULL },
};

const struct insn_set *insn_set_find(const struct target_arch *arch)
{
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		if (!strcmp(sets[i].arch, arch->name))
			return &sets[i];
	return NULL;
}

enum insn_place insn_at(const struct insn_set *set, const uint8_t *code, size_t size,
			size_t offset)
{
	size_t at = 0;

	while (at < offset) {
		size_t length = at < size ? set->length(code + at, size - at) : 0;

		if (!length)
			return INSN_UNKNOWN;
		at += length;
	}
	return at == offset ? INSN_BEGINS : INSN_WITHIN;
}

int64_t insn_next_return(const struct insn_set *set, const uint8_t *code, size_t size,
			 size_t from)
{
	for (size_t at = from; at < size;) {
		size_t length = set->length(code + at, size - at);

		if (!length)
			return -2;
		if (set->is_return(code + at, length))
			return (int64_t)at;
		at += length;
	}
	return -1;
}
