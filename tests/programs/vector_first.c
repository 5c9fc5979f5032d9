/*
 * A function whose first instruction Linux runs wrongly when it is probed:
 * vpshufd, with the opcode 0x70 of a jump. Prints 7 if it ran as it should.
 * x86-64 with AVX; else it prints why not.
 */
#include <stdio.h>

#ifdef __x86_64__
__asm__(".text\n"
	".globl vector_first\n"
	".type vector_first, @function\n"
	"vector_first:\n"
	"	vpshufd $1, %xmm0, %xmm0\n"
	"	mov %edi, %edi\n"
	"	vmovd %xmm0, %eax\n"
	"	ret\n"
	".size vector_first, . - vector_first\n"
	".globl vector_second\n"
	".type vector_second, @function\n"
	"vector_second:\n"
	"	jmp vector_first\n"
	".size vector_second, . - vector_second\n");

typedef int four __attribute__((vector_size(16)));

int vector_second(four v);

int main(void)
{
	if (!__builtin_cpu_supports("avx"))
		return puts("no AVX") < 0;
	printf("%d\n", vector_second((four){ 1, 7, 3, 4 }));
	return 0;
}
#else
int main(void)
{
	puts("another machine");
	return 0;
}
#endif
