/*
 * `--mode compiler-bench`: how long compiling a script takes.
 */
#ifndef SONDE_CLI_COMPILER_BENCH_H
#define SONDE_CLI_COMPILER_BENCH_H

/* Call `compile` again and again, for a second or 10,000 times, and print the number of
 * calls, their time in all, the mean and the standard deviation. Returns what `compile`
 * returns if that is not 0. */
int compiler_bench(int (*compile)(void *arg), void *arg);

#endif
