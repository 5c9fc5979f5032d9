/*
 * Threads that show texts of their own: texts THREADS HITS. Each calls show() HITS
 * times with 300 bytes of one letter, the first thread with 'a' and so on; all begin
 * at once. With a third argument, FILE, they begin when there is no such file any
 * more.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_THREADS 26
#define LENGTH 300

static pthread_barrier_t start;
static long hits;
static const char *file;

int show(const char *text);

__attribute__((noinline)) int show(const char *text)
{
	__asm__ volatile("" : : "r"(text) : "memory");
	return text[0];
}

static void *run(void *arg)
{
	char text[LENGTH + 1] = "";

	memset(text, 'a' + (int)(intptr_t)arg, LENGTH);
	pthread_barrier_wait(&start);
	for (long i = 0; i < hits; i++)
		show(text);
	return NULL;
}

int main(int argc, char **argv)
{
	long count = argc > 2 ? atol(argv[1]) : 0;
	pthread_t threads[MAX_THREADS];

	if (count < 1 || count > MAX_THREADS)
		return 2;
	hits = atol(argv[2]);
	file = argv[3];
	while (file && !access(file, F_OK))
		usleep(10000);
	pthread_barrier_init(&start, NULL, (unsigned)count);
	for (long i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, run, (void *)i))
			return 2;
	for (long i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
