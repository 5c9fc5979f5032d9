/*
 * Programs and libraries of user space: where they are, which functions they
 * have, where those lie in the file.
 *
 * These are the live system's answers to the target operations of the same
 * names (target/target.h). Results live in the arena.
 */
#ifndef SONDE_KERNEL_USER_ELF_H
#define SONDE_KERNEL_USER_ELF_H

#include "target/target.h"

/* The files that a name stands for: a path or a glob of paths, a library's
 * short name ("libc", "libssl.so.3"), a word of $PATH, "*" for all that running
 * processes (or `pid`) have mapped, NULL for the executable of `pid`. Each file
 * once. Returns 0 or -ENOENT. */
int user_elf_files(struct arena *a, const char *name, int pid, const char *const **paths,
		   size_t *count);

/* Functions of a file by this name, or all (NULL), sorted by name and address,
 * each place once; with those of its separate debug file if it is stripped.
 * Returns 0, -ENOEXEC (no ELF program) or a negative errno. */
int user_elf_symbols(struct arena *a, const char *path, const char *name,
		     const struct target_user_symbol **list, size_t *count);

/* Where an address of the program lies in the file; -ENOENT if nowhere. */
int user_elf_offset(const char *path, uint64_t address, uint64_t *file_offset);

/* 0 if the file is a program or library that can be probed. */
int user_elf_check(const char *path);

#endif
