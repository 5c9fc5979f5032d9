/*
 * What was made, such as a formatted script, to where it belongs.
 */
#ifndef SONDE_CLI_FILE_H
#define SONDE_CLI_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* Write to standard output, or (path not NULL) to a file, which is replaced as a whole or
 * not at all; a device or a pipe is written into. `mode` is of a fresh file: 0666, or 0777
 * for a program. 0 or a negative errno. */
int file_write(const char *path, const void *text, size_t len, mode_t mode);

#endif
