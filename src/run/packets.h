/*
 * Packets that skboutput() sends, to capture files; for src/run only.
 */
#ifndef SONDE_RUN_PACKETS_H
#define SONDE_RUN_PACKETS_H

#include "run/state.h"

/* Open the buffers, and a file for each that the script names. Nothing to do: 0.
 * What cannot be opened is told. */
int run_packets_open(struct run *r);

/* Readable when there are packets; -1: none will come. */
int run_packets_fd(const struct run *r);

/* Write what has come. */
void run_packets_read(struct run *r);

void run_packets_close(struct run *r);

#endif
