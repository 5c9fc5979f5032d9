/*
 * What tells a regular file and its contents from others, whatever its name.
 */
#ifndef SONDE_BASE_FILE_ID_H
#define SONDE_BASE_FILE_ID_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct file_id {
	uint64_t dev, ino;
	int64_t ctime_ns;	/* of the last change, also in place */
	int64_t size_bytes;
};

/* Of an open file. False: it is no regular file. */
static inline bool file_id_of(int fd, struct file_id *id)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	*id = (struct file_id){
		.dev = st.st_dev, .ino = st.st_ino, .size_bytes = st.st_size,
		.ctime_ns = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec,
	};
	return true;
}

static inline bool file_id_same(const struct file_id *a, const struct file_id *b)
{
	return a->ino == b->ino && a->dev == b->dev && a->ctime_ns == b->ctime_ns &&
	       a->size_bytes == b->size_bytes;
}

#endif
