/*
 * `--fmt`: a formatted script to where it belongs.
 */
#ifndef SONDE_CLI_FORMAT_H
#define SONDE_CLI_FORMAT_H

#include <stddef.h>

/* Write the text to standard output, or (path not NULL) to a file, which is
 * replaced as a whole or not at all; a device or a pipe is written into. 0 or a
 * negative errno. */
int format_write(const char *path, const char *text, size_t len);

#endif
