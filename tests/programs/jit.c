/*
 * Code made at run time that calls a function of ours: jit [LINES|embedded]. The name of that
 * code stands last in /tmp/perf-PID.map, behind so many LINES of other names. It stays until it
 * is ended, as its code is found in the live process only. embedded: the like that is part of the
 * program, much of it, without unwind tables.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A frame, a call of the first argument, back. */
#if defined(__x86_64__)
static const uint8_t code[] = { 0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3 };
#define CODE "push %rbp; mov %rsp, %rbp; call *%rdi; pop %rbp; ret"
#elif defined(__aarch64__)
static const uint32_t code[] = { 0xa9bf7bfd, 0x910003fd, 0xd63f0000, 0xa8c17bfd, 0xd65f03c0 };
#define CODE "stp x29, x30, [sp, #-16]!; mov x29, sp; blr x0; ldp x29, x30, [sp], #16; ret"
#else
#error "say it in this machine's code"
#endif

__asm__(".text\n.globl jit_embedded\n.type jit_embedded, %function\n"
	"jit_embedded: " CODE "\n.size jit_embedded, . - jit_embedded\n.skip 81920\n");

void jit_embedded(void (*fn)(void));
void jit_report(void), jit_inner(void);

/* At its entry the frame is that of jit_report, which the code called. */
void jit_inner(void)
{
	__asm__ volatile("");
}

void jit_report(void)
{
	jit_inner();
	__asm__ volatile("");
}

/* Behind it lies no function whose name the address could be taken for. */
static void write_map(const void *start, long lines)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	f = fopen(path, "w");
	if (!f)
		exit(1);
	for (long i = 0; i < lines; i++)
		fprintf(f, "%lx 1 other%ld\n", 0x1000 + i, i);
	fprintf(f, "%lx %zx made_at_run_time\n", (unsigned long)(uintptr_t)start, sizeof(code));
	fclose(f);
}

int main(int argc, char **argv)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*made)(void (*fn)(void));

	if (p == MAP_FAILED)
		return 1;
	memcpy(p, code, sizeof(code));
	__builtin___clear_cache((char *)p, (char *)p + sizeof(code));
	if (mprotect(p, 4096, PROT_READ | PROT_EXEC))
		return 1;
	write_map(p, argc > 1 ? atol(argv[1]) : 0);
	memcpy(&made, &p, sizeof(made));
	made(jit_report);
	if (argc > 1 && !strcmp(argv[1], "embedded"))
		jit_embedded(jit_report);
	pause();
	return 0;
}
