/*
 * A program for tests of functions that no probe can be put at: that of x86-64 begins with
 * an instruction that the kernel refuses, since it has a lock prefix. The kernel looks at
 * instructions when a process has them in its memory.
 *
 *	locked SECONDS	call them every 10 ms as long as this
 */
#include <stdlib.h>
#include <unistd.h>

int locked_first(int n), locked_second(int n), locked_third(int n);

__attribute__((noinline)) int locked_first(int n)
{
	return n * 3 + 1;
}

#ifdef __x86_64__
__asm__(".text\n"
	".globl locked_second\n"
	".type locked_second, @function\n"
	"locked_second:\n"
	"	lock orl $0, -8(%rsp)\n"
	"	leal 1(%rdi), %eax\n"
	"	ret\n"
	".size locked_second, . - locked_second\n");
#else
__attribute__((noinline)) int locked_second(int n)
{
	return n + 1;
}
#endif

__attribute__((noinline)) int locked_third(int n)
{
	return n * 5 + 1;
}

int main(int argc, char **argv)
{
	volatile int n = 1;

	for (int i = argc > 1 ? atoi(argv[1]) * 100 : 0; i > 0; i--) {
		n = locked_third(locked_second(locked_first(n & 7)));
		usleep(10000);
	}
	return n < 0;
}
