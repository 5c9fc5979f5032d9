/*
 * Packets that skboutput() sends, to capture files: see packets.h.
 *
 * In: what programs wrote to the buffer of their CPU, a struct image_packet and the
 * bytes. Out: files in the format of pcap that tcpdump and Wireshark read, of
 * packets that begin with their IP header. Files are made when the script is
 * loaded, so that one without packets is there, too.
 */
#include "run/packets.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGES_A_CPU 64
#define PCAP_MAGIC 0xa1b2c3d4u
#define PCAP_RAW_IP 101
#define SNAP_BYTES 65535
#define SECOND 1000000000u

struct capture {
	const char *path;	/* borrowed from the image */
	FILE *file;		/* owned */
	int err;		/* the first failure of a write */
};

struct packets {
	struct run *run;		/* borrowed */
	struct perf_buffer *buffer;	/* owned */
	struct capture *captures;	/* owned */
	size_t nr_captures;
};

/* ---- files ---- */

static void put(struct capture *c, const void *bytes, size_t len)
{
	if (!c->err && fwrite(bytes, 1, len, c->file) != len)
		c->err = errno;
}

static void begin_file(struct capture *c)
{
	const struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, accuracy, snap_bytes, link_type;
	} header = { PCAP_MAGIC, 2, 4, 0, 0, SNAP_BYTES, PCAP_RAW_IP };

	put(c, &header, sizeof(header));
	if (!c->err && fflush(c->file))
		c->err = errno;
}

static struct capture *find_capture(struct packets *p, const char *path)
{
	for (size_t i = 0; i < p->nr_captures; i++)
		if (!strcmp(p->captures[i].path, path))
			return &p->captures[i];
	return NULL;
}

static int open_file(struct packets *p, const char *path)
{
	struct capture *c = &p->captures[p->nr_captures];

	if (find_capture(p, path))
		return 0;
	*c = (struct capture){ .path = path, .file = fopen(path, "we") };
	if (!c->file) {
		int err = -errno;

		run_tell(p->run, SONDE_ERROR, "skboutput: cannot open '%s': %s", path,
			 strerror(-err));
		return err;
	}
	p->nr_captures++;
	begin_file(c);
	return 0;
}

static int open_files(struct packets *p)
{
	const struct image_action *a;
	int err = 0;

	p->captures = calloc(p->run->image->actions.n + 1, sizeof(*p->captures));
	if (!p->captures)
		return -ENOMEM;
	vec_each(a, &p->run->image->actions)
		if (a->kind == ACTION_PACKET && !err)
			err = open_file(p, a->text);
	return err;
}

static void tell_write_error(struct run *r, struct capture *c)
{
	if (c->err > 0)
		run_tell(r, SONDE_ERROR, "skboutput: cannot write to '%s': %s", c->path,
			 strerror(c->err));
	if (c->err)
		c->err = -1;	/* told */
}

/* ---- packets ---- */

static void write_packet(struct packets *p, const struct image_action *a,
			 const struct image_packet *packet, const char *bytes, size_t len)
{
	struct capture *c = find_capture(p, a->text);
	uint64_t ns = packet->time_ns + (uint64_t)p->run->decoder.wall_offset_ns;
	uint32_t header[4] = { (uint32_t)(ns / SECOND), (uint32_t)(ns % SECOND / 1000) };

	/* The head that shall be left out, usually that of Ethernet. */
	if (!c || a->top >= len)
		return;
	bytes += a->top;
	len -= a->top;
	header[3] = (uint32_t)len;
	header[2] = len > SNAP_BYTES ? SNAP_BYTES : (uint32_t)len;
	put(c, header, sizeof(header));
	put(c, bytes, header[2]);
}

static void on_packet(void *arg, int cpu, void *data, uint32_t size_bytes)
{
	struct packets *p = arg;
	const struct image *image = p->run->image;
	struct image_packet packet;

	(void)cpu;
	if (size_bytes < sizeof(packet))
		return;
	memcpy(&packet, data, sizeof(packet));
	size_bytes -= (uint32_t)sizeof(packet);
	/* The kernel has rounded the size up. */
	if (packet.action >= image->actions.n || packet.len_bytes > size_bytes ||
	    image->actions.at[packet.action].kind != ACTION_PACKET)
		return;
	write_packet(p, &image->actions.at[packet.action], &packet,
		     (const char *)data + sizeof(packet), packet.len_bytes);
}

static void on_lost(void *arg, int cpu, unsigned long long count)
{
	static const char text[] = "the buffer of packets was full";
	struct packets *p = arg;
	const struct sonde_event e = {
		.kind = SONDE_EVENT_LOST, .loss = SONDE_LOSS_RING, .text = text,
		.len = sizeof(text) - 1, .count = count,
	};

	(void)cpu;
	p->run->lost_total += count;
	run_emit(p->run, &e);
}

/* ---- the session's ---- */

static int open_buffer(struct packets *p, int map_fd)
{
	p->buffer = perf_buffer__new(map_fd, PAGES_A_CPU, on_packet, on_lost, p, NULL);
	if (p->buffer)
		return 0;
	run_tell(p->run, SONDE_ERROR, "skboutput: cannot make a buffer for packets: %s",
		 strerror(errno));
	return -errno;
}

int run_packets_open(struct run *r)
{
	uint32_t map = r->image->packets_map;
	int err;

	if (map == UINT32_MAX)
		return 0;
	r->packets = calloc(1, sizeof(*r->packets));
	if (!r->packets)
		return -ENOMEM;
	r->packets->run = r;
	err = open_files(r->packets);
	return err ? err : open_buffer(r->packets, r->maps[map].fd);
}

int run_packets_fd(const struct run *r)
{
	return r->packets ? perf_buffer__epoll_fd(r->packets->buffer) : -1;
}

void run_packets_read(struct run *r)
{
	struct packets *p = r->packets;

	if (!p)
		return;
	perf_buffer__consume(p->buffer);
	for (size_t i = 0; i < p->nr_captures; i++) {
		if (!p->captures[i].err && fflush(p->captures[i].file))
			p->captures[i].err = errno;
		tell_write_error(r, &p->captures[i]);
	}
}

void run_packets_close(struct run *r)
{
	struct packets *p = r->packets;

	if (!p)
		return;
	perf_buffer__free(p->buffer);
	for (size_t i = 0; i < p->nr_captures; i++)
		fclose(p->captures[i].file);
	free(p->captures);
	free(p);
	r->packets = NULL;
}
