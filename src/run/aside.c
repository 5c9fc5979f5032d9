/*
 * Laying records aside: see aside.h.
 */
#include "run/aside.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#define MAX_ASIDE_BYTES ((size_t)64 * 1024 * 1024)
#define STEP_BYTES ((size_t)256 * 1024)		/* while the handler may be waiting */
#define LOOK_NS 1000000
#define IDLE_LOOKS 100		/* then it sleeps until it is woken */
#define STACK_BYTES ((size_t)64 * 1024)

struct aside {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t begins;
	struct ring *ring;	/* borrowed */
	uint64_t ring_bytes;
	bool is_lent;		/* a record is being handled */
	bool sleeps, ends;
	bool has_no_thread;	/* it could not be started, and is not tried again */
};

/* A quarter of the ring is left to fill before anything is copied. */
static bool fills(const struct aside *a)
{
	return a->is_lent && ring_unread_bytes(a->ring) >= a->ring_bytes / 4;
}

/* One look, with the lock held. Returns whether a record was being handled. */
static bool look(struct aside *a)
{
	bool was_lent = a->is_lent;

	while (fills(a) && ring_lay_aside(a->ring, STEP_BYTES, MAX_ASIDE_BYTES)) {
		pthread_mutex_unlock(&a->lock);
		pthread_mutex_lock(&a->lock);
	}
	return was_lent;
}

static void *lay_aside(void *arg)
{
	const struct timespec pause = { .tv_nsec = LOOK_NS };
	struct aside *a = arg;
	int idle = 0;

	pthread_mutex_lock(&a->lock);
	while (!a->ends) {
		idle = look(a) ? 0 : idle + 1;
		if (idle > IDLE_LOOKS) {
			a->sleeps = true;
			pthread_cond_wait(&a->begins, &a->lock);
			a->sleeps = false;
			idle = 0;
			continue;
		}
		pthread_mutex_unlock(&a->lock);
		nanosleep(&pause, NULL);
		pthread_mutex_lock(&a->lock);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

/* Signals are for the thread that runs the session. */
static int start(struct aside *a)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&a->thread, &attr, lay_aside, a);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return err;
}

static struct aside *aside_open(struct ring *ring)
{
	struct aside *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->ring = ring;
	a->ring_bytes = ring_size_bytes(ring);
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->begins, NULL);
	a->has_no_thread = start(a) != 0;
	return a;
}

void aside_begin(struct aside **a, struct ring *ring)
{
	if (!*a)
		*a = aside_open(ring);
	if (!*a || (*a)->has_no_thread)
		return;
	pthread_mutex_lock(&(*a)->lock);
	(*a)->is_lent = true;
	if ((*a)->sleeps)
		pthread_cond_signal(&(*a)->begins);
	pthread_mutex_unlock(&(*a)->lock);
}

void aside_end(struct aside *a)
{
	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->is_lent = false;
	pthread_mutex_unlock(&a->lock);
}

void aside_close(struct aside *a)
{
	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->ends = true;
	pthread_cond_signal(&a->begins);
	pthread_mutex_unlock(&a->lock);
	if (!a->has_no_thread)
		pthread_join(a->thread, NULL);
	pthread_cond_destroy(&a->begins);
	pthread_mutex_destroy(&a->lock);
	free(a);
}
