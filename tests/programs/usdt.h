/*
 * Static probes of our own making, for tests: a nop in the code, and a note that says where it
 * is, who it is and where its arguments are. What the note holds is written out, so that a test
 * may say things that no compiler says.
 *
 *	USDT_NOTE("provider", "name", "8@%%rax -4@%%ebx", semaphore)
 *
 * The macro stands inside an asm template; `semaphore` is a symbol's name or 0.
 */
#ifndef SONDE_TESTS_USDT_H
#define SONDE_TESTS_USDT_H

#define USDT_NOTE(provider, name, args, semaphore)			\
	"990:	nop\n"							\
	"	.pushsection .note.stapsdt, \"\", \"note\"\n"		\
	"	.balign 4\n"						\
	"	.4byte 992f - 991f, 994f - 993f, 3\n"			\
	"991:	.asciz \"stapsdt\"\n"					\
	"992:	.balign 4\n"						\
	"993:	.8byte 990b, _.stapsdt.base, " semaphore "\n"		\
	"	.asciz \"" provider "\"\n"				\
	"	.asciz \"" name "\"\n"					\
	"	.asciz \"" args "\"\n"					\
	"994:	.balign 4\n"						\
	"	.popsection\n"						\
	"	.ifndef _.stapsdt.base\n"				\
	"	.pushsection .stapsdt.base, \"aG\", \"progbits\", .stapsdt.base, comdat\n" \
	"	.weak _.stapsdt.base\n"					\
	"	.hidden _.stapsdt.base\n"				\
	"_.stapsdt.base:	.space 1\n"				\
	"	.size _.stapsdt.base, 1\n"				\
	"	.popsection\n"						\
	"	.endif\n"

/* A counter that the kernel raises while somebody looks. */
#define USDT_SEMAPHORE(name)						\
	__extension__ unsigned short name				\
	__attribute__((section(".probes"), used, visibility("hidden")))

#endif
