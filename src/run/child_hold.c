/*
 * Holding the command of -c at the first instruction of its own, when the dynamic linker
 * has mapped its libraries: whoever wants to know its mappings has them before it runs.
 *
 * By ptrace: from execve to the program's entry, where a trap takes the place of the
 * instruction. Whatever goes wrong on the way, the child goes on by itself.
 */
#include "run/child_hold.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define TRAP UINT64_C(0xcc)
#define TRAP_MASK UINT64_C(0xff)
#define TRAP_ADVANCE 1		/* the address that is told of a trap is behind it */
#define PC(regs) ((regs).rip)
#elif defined(__aarch64__)
#define TRAP UINT64_C(0xd4200000)
#define TRAP_MASK UINT64_C(0xffffffff)
#define TRAP_ADVANCE 0
#define PC(regs) ((regs).pc)
#endif

bool child_hold_begin(pid_t pid)
{
	/* What a traced process executes does not get the rights of its file's owner. */
	return !geteuid() && !ptrace(PTRACE_SEIZE, pid, NULL, (void *)PTRACE_O_TRACEEXEC);
}

/* Wait for a stop by `event`, or by a trap if that is 0; other signals are the child's. */
static bool wait_for(pid_t pid, int event, int *status)
{
	for (;;) {
		int sig;

		if (waitpid(pid, status, __WALL) != pid) {
			if (errno == EINTR)
				continue;
			return false;
		}
		if (!WIFSTOPPED(*status))
			return false;
		sig = WSTOPSIG(*status);
		if (sig == SIGTRAP && *status >> 16 == event)
			return true;
		if (*status >> 16)	/* a stop by ptrace's own events carries no signal */
			sig = 0;
		if (ptrace(PTRACE_CONT, pid, NULL, (void *)(intptr_t)sig))
			return false;
	}
}

/* The program's entry; 0: nothing was linked, or it is not known. */
static uint64_t entry_of(pid_t pid)
{
	uint64_t entry = 0, base = 0;
	Elf64_auxv_t v;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/auxv", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	while (read(fd, &v, sizeof(v)) == sizeof(v) && v.a_type != AT_NULL) {
		if (v.a_type == AT_ENTRY)
			entry = v.a_un.a_val;
		if (v.a_type == AT_BASE)
			base = v.a_un.a_val;
	}
	close(fd);
	return base ? entry : 0;
}

#ifdef TRAP
static bool set_pc(pid_t pid, uint64_t entry)
{
	struct user_regs_struct regs;
	struct iovec io = { &regs, sizeof(regs) };

	if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &io) ||
	    PC(regs) != entry + TRAP_ADVANCE)
		return false;
	PC(regs) = entry;
	return !ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &io);
}

/* Run up to the entry. */
static bool run_to(pid_t pid, uint64_t entry, int *status)
{
	void *at = (void *)(uintptr_t)entry;
	uint64_t word;
	bool ok;

	errno = 0;
	word = (uint64_t)ptrace(PTRACE_PEEKTEXT, pid, at, NULL);
	if (errno || ptrace(PTRACE_POKETEXT, pid, at,
			    (void *)(uintptr_t)((word & ~TRAP_MASK) | TRAP)))
		return true;
	if (ptrace(PTRACE_CONT, pid, NULL, NULL))
		return true;
	ok = wait_for(pid, 0, status);
	if (!ok)
		return false;
	ptrace(PTRACE_POKETEXT, pid, at, (void *)(uintptr_t)word);
	(void)set_pc(pid, entry);
	return true;
}
#endif

bool child_hold_await(pid_t pid, void (*held)(void *arg), void *arg, int *status)
{
	uint64_t entry;

	*status = -1;	/* neither exited nor signaled */
	if (!wait_for(pid, PTRACE_EVENT_EXEC, status))
		return false;
	held(arg);
	entry = entry_of(pid);
#ifdef TRAP
	if (entry) {
		if (!run_to(pid, entry, status))
			return false;
		held(arg);
	}
#endif
	(void)entry;
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return true;
}
