/*
 * A program for tests of `char` arrays: what is full lies at the very end of a page
 * behind which there is nothing.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct of_edge {
	int number;
	char name[4];
	char text[72];
};

int edge(struct of_edge *e);

int edge(struct of_edge *e)
{
	__asm__ volatile("" ::: "memory");
	return e->number;
}

int main(void)
{
	static const char digits[] = "0123456789";
	long page = sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, 2 * (size_t)page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct of_edge *e = (struct of_edge *)(p + page - sizeof(*e));

	if (p == MAP_FAILED || munmap(p + page, (size_t)page))
		return 1;
	memcpy(e->name, "abcd", 4);
	for (size_t i = 0; i < sizeof(e->text); i++)
		e->text[i] = digits[i % 10];
	return edge(e);
}
