/*
 * An image as an ELF object of BPF programs, as libbpf and bpftool open it.
 *
 * Each program has a section, whose name tells libbpf what it is attached to where that
 * is one place that such a name can tell; else only what kind of program it is. Functions
 * of programs are in .text, maps in .maps, and what programs reach by address is a
 * section of data. Types, functions and lines are in .BTF and .BTF.ext.
 *
 * The object is for the machine that was compiled for: offsets in the kernel's structures
 * and ids of its functions are in the instructions.
 */
#ifndef SONDE_IMAGE_OBJECT_H
#define SONDE_IMAGE_OBJECT_H

#include "base/sbuf.h"
#include "image/image.h"

/* Append the object to `out`. `ring_bytes` is the size of the ring where the image names
 * none. -ENOMEM; -E2BIG: ELF cannot number so many sections; -EINVAL: not an image that the
 * compiler makes. */
int object_write(const struct image *image, uint32_t ring_bytes, struct sbuf *out);

#endif
