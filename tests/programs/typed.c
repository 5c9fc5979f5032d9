/*
 * A program for tests of debug information: functions whose arguments have all
 * kinds of types.
 */
#include <stdbool.h>
#include <stdint.h>

enum color { RED, GREEN = 5 };

struct in {
	short s;
};

union un {
	int i;
	char c[4];
};

struct foo {
	int a;
	char name[8];
	struct foo *next;
	struct in in;
	unsigned b1 : 3, b2 : 7;
	enum color col;
	union un u;
	struct {
		int anon;
	};
	double d;
	int arr[3];
};

typedef struct {
	long v;
} def;

struct two {
	long a, b;
};

struct big {
	long a[4];
};

struct fl {
	float f;
};

int scalars(int n, char c, const char *s, struct foo *p, enum color e, bool b);
int mixed(signed char n, unsigned short u, def *t, long long ll, double d, float *fp);
int values(struct in in, struct two tw, int after, struct big bg, int last, struct fl fl, int z);
struct big hidden(int x);
int seven(int a, int b, int c, int d, int e, int f, int g);

int scalars(int n, char c, const char *s, struct foo *p, enum color e, bool b)
{
	__asm__ volatile("" ::: "memory");
	return n + c + p->a + (int)e + b + s[0];
}

int mixed(signed char n, unsigned short u, def *t, long long ll, double d, float *fp)
{
	__asm__ volatile("" ::: "memory");
	return n + u + (int)t->v + (int)ll + (int)d + (int)*fp;
}

int values(struct in in, struct two tw, int after, struct big bg, int last, struct fl fl, int z)
{
	__asm__ volatile("" ::: "memory");
	return in.s + (int)tw.a + after + (int)bg.a[0] + last + (int)fl.f + z;
}

struct big hidden(int x)
{
	struct big b = { { x } };

	__asm__ volatile("" ::: "memory");
	return b;
}

int seven(int a, int b, int c, int d, int e, int f, int g)
{
	__asm__ volatile("" ::: "memory");	/* the line of seven() */
	return a + b + c + d + e + f + g;
}

struct half {
	float f[2];
	long a;
};

int halves(struct half h, int z);
int nothing(void);

int halves(struct half h, int z)
{
	__asm__ volatile("" ::: "memory");
	return (int)h.a + z;
}

int nothing(void)
{
	__asm__ volatile("" ::: "memory");
	return 1;
}

int main(void)
{
	static struct foo q = { 7, "seven", 0, { 2 }, 1, 2, RED, { 0 }, { 0 }, 0, { 0 } };
	static struct foo p = { -3, "three", &q, { -4 }, 5, 100, GREEN, { 65 }, { 9 }, 1.5, { 1, 2, 3 } };
	static def t = { 77 };
	static float x = 1;
	int sum = scalars(-1, 'x', "text", &p, GREEN, true) + mixed(-2, 65535, &t, -5, 1.0, &x);

	sum += values((struct in){ 6 }, (struct two){ 1, 2 }, 3, (struct big){ { 4 } }, 5,
		      (struct fl){ 1 }, 8);
	sum += halves((struct half){ { 1, 2 }, 3 }, 10) + nothing();
	return sum + (int)hidden(9).a[0] + seven(1, 2, 3, 4, 5, 6, 7) == 0;
}
