/*
 * Definitions for test_clayout.c, which includes this several times: DEFINE
 * gives a definition, SIZE a type whose size and alignment are compared, FIELD
 * a field's offset and size, BITS the place of a bit-field.
 */
#ifndef DEFINE
#define DEFINE(...)
#endif
#ifndef SIZE
#define SIZE(type)
#endif
#ifndef FIELD
#define FIELD(type, field)
#endif
#ifndef BITS
#define BITS(type, field)
#endif

DEFINE(typedef unsigned int own_u32; typedef signed char own_s8; typedef void (*own_fn)(int, char *);)
DEFINE(typedef own_u32 own_pair[2]; typedef own_pair *own_pairs[3];)
SIZE(own_u32)
SIZE(own_fn)

DEFINE(struct plain {
	char a;
	short b;
	char c;
	int d;
	char e;
	long f;
	unsigned long long int g;
	_Bool h;
	long unsigned i;
	short int signed j;
};)
SIZE(struct plain)
FIELD(struct plain, b)
FIELD(struct plain, d)
FIELD(struct plain, f)
FIELD(struct plain, g)
FIELD(struct plain, h)
FIELD(struct plain, i)
FIELD(struct plain, j)

DEFINE(struct floats { char a; float b; char c; double d; char e; long double f; char g; };)
SIZE(struct floats)
FIELD(struct floats, b)
FIELD(struct floats, d)
FIELD(struct floats, f)
FIELD(struct floats, g)

DEFINE(struct declarators {
	char *p, c, **pp, a[3];
	int (*fn)(int a, void (*)(char)), (*fns[4])(void);
	int *pa[3], (*ap)[3];
	short m[2][3], (*am)[2][5];
	own_pairs d;
	const volatile char *const q, r;
	void *(*(*deep)(void))[5];
	char ((s));
};)
SIZE(struct declarators)
FIELD(struct declarators, c)
FIELD(struct declarators, pp)
FIELD(struct declarators, a)
FIELD(struct declarators, fn)
FIELD(struct declarators, fns)
FIELD(struct declarators, pa)
FIELD(struct declarators, ap)
FIELD(struct declarators, m)
FIELD(struct declarators, am)
FIELD(struct declarators, d)
FIELD(struct declarators, q)
FIELD(struct declarators, r)
FIELD(struct declarators, deep)
FIELD(struct declarators, s)

DEFINE(union mixed { char a[7]; int b; short c; struct { char d; long e; }; };)
SIZE(union mixed)
FIELD(union mixed, b)
FIELD(union mixed, d)
FIELD(union mixed, e)

DEFINE(struct nested {
	char a;
	struct { char b; union { char c; short d; int e[2]; }; struct { char f; } g; };
	struct inner { char h; long i; } j, *k;
	struct inner l[2];
	union mixed m;
	enum shade { LIGHT, DARK = 7 } n;
	enum { LEFT = -1, RIGHT } o;
	struct later *p;
};)
DEFINE(struct later { struct nested *back; struct later *next; };)
SIZE(struct nested)
SIZE(struct inner)
SIZE(struct later)
SIZE(enum shade)
FIELD(struct nested, b)
FIELD(struct nested, c)
FIELD(struct nested, d)
FIELD(struct nested, e)
FIELD(struct nested, g)
FIELD(struct nested, j)
FIELD(struct nested, k)
FIELD(struct nested, l)
FIELD(struct nested, m)
FIELD(struct nested, n)
FIELD(struct nested, o)
FIELD(struct nested, p)

DEFINE(struct flexible { char a; short b; int c[]; };)
DEFINE(struct zero { char a; long b[0]; };)
DEFINE(struct empty { };)
DEFINE(struct has_empty { char a; struct empty b; int c; };)
SIZE(struct flexible)
SIZE(struct zero)
SIZE(struct empty)
SIZE(struct has_empty)
FIELD(struct has_empty, c)
FIELD(struct zero, b)

DEFINE(struct packed { char a; int b; long c; short d; } __attribute__((packed));)
DEFINE(struct __attribute__((__packed__)) packed_before { char a; struct plain b; long c; };)
DEFINE(struct packed_aligned { char a; int b; short c; } __attribute__((packed, aligned(8)));)
DEFINE(struct aligned { char a; } __attribute__((aligned));)
DEFINE(struct aligned_to { char a; } __attribute__((__aligned__(64)));)
DEFINE(struct fields_aligned {
	char a;
	char b __attribute__((aligned(8)));
	int c __attribute__((packed));
	short d __attribute__((aligned(16))), e;
	__attribute__((aligned(32))) char f;
	_Alignas(8) char g;
	_Alignas(long) char h;
	struct packed i;
	char j;
	struct packed_aligned k;
	long l __attribute__((packed, aligned(2)));
};)
DEFINE(union packed_union { int a; char b[5]; } __attribute__((packed));)
DEFINE(typedef int wide_int __attribute__((aligned(16))); typedef long loose_long __attribute__((aligned(2)));)
DEFINE(struct typedef_aligned { char a; wide_int b; char c; loose_long d; };)
SIZE(struct packed)
SIZE(struct packed_before)
SIZE(struct packed_aligned)
SIZE(struct aligned)
SIZE(struct aligned_to)
SIZE(struct fields_aligned)
SIZE(union packed_union)
SIZE(struct typedef_aligned)
FIELD(struct packed, b)
FIELD(struct packed, c)
FIELD(struct packed, d)
FIELD(struct packed_before, b)
FIELD(struct packed_before, c)
FIELD(struct packed_aligned, b)
FIELD(struct packed_aligned, c)
FIELD(struct fields_aligned, b)
FIELD(struct fields_aligned, c)
FIELD(struct fields_aligned, d)
FIELD(struct fields_aligned, e)
FIELD(struct fields_aligned, f)
FIELD(struct fields_aligned, g)
FIELD(struct fields_aligned, h)
FIELD(struct fields_aligned, i)
FIELD(struct fields_aligned, j)
FIELD(struct fields_aligned, k)
FIELD(struct fields_aligned, l)
FIELD(struct typedef_aligned, b)
FIELD(struct typedef_aligned, d)

DEFINE(struct bits {
	unsigned a : 3, b : 5;
	unsigned c : 25;
	int d : 7;
	unsigned long e : 40;
	unsigned char f : 2;
	unsigned short g : 15;
	unsigned : 0;
	unsigned h : 1;
	unsigned : 5;
	unsigned i : 4;
	_Bool j : 1;
	char k;
	unsigned l : 32;
	unsigned long m : 63;
};)
SIZE(struct bits)
BITS(struct bits, a)
BITS(struct bits, b)
BITS(struct bits, c)
BITS(struct bits, d)
BITS(struct bits, e)
BITS(struct bits, f)
BITS(struct bits, g)
BITS(struct bits, h)
BITS(struct bits, i)
BITS(struct bits, l)
BITS(struct bits, m)
FIELD(struct bits, k)

DEFINE(struct bits_between { char a; unsigned b : 9; char c; unsigned long d : 3; short e; unsigned f : 30; };)
DEFINE(struct bits_zero { char a : 3; char : 0; char b : 2; long : 0; char c; int : 0; char d; };)
DEFINE(struct bits_packed { char a; unsigned b : 9; unsigned long c : 60; unsigned d : 3; } __attribute__((packed));)
DEFINE(struct bit_packed { char a; unsigned b : 9 __attribute__((packed)); unsigned c : 30 __attribute__((packed)); };)
DEFINE(struct bits_aligned { unsigned a : 3; unsigned b : 2 __attribute__((aligned(4))); unsigned c : 1; };)
DEFINE(union bits_union { unsigned a : 3; unsigned long b : 33; char c; };)
DEFINE(struct bits_enum { enum shade a : 4; enum { ONE, TWO } b : 2; own_u32 c : 5; };)
DEFINE(struct bits_unnamed { char a; int : 20; char b; long : 3; };)
SIZE(struct bits_between)
SIZE(struct bits_zero)
SIZE(struct bits_packed)
SIZE(struct bit_packed)
SIZE(struct bits_aligned)
SIZE(union bits_union)
SIZE(struct bits_enum)
SIZE(struct bits_unnamed)
BITS(struct bits_between, b)
BITS(struct bits_between, d)
BITS(struct bits_between, f)
BITS(struct bits_zero, b)
BITS(struct bits_packed, b)
BITS(struct bits_packed, c)
BITS(struct bits_packed, d)
BITS(struct bit_packed, b)
BITS(struct bit_packed, c)
BITS(struct bits_aligned, b)
BITS(struct bits_aligned, c)
BITS(union bits_union, b)
BITS(struct bits_enum, b)
BITS(struct bits_enum, c)
FIELD(struct bits_between, c)
FIELD(struct bits_between, e)
FIELD(struct bits_zero, c)
FIELD(struct bits_zero, d)
FIELD(struct bits_unnamed, b)

DEFINE(enum small { S_ONE } __attribute__((packed));)
DEFINE(enum medium { M_ONE = 300 } __attribute__((packed));)
DEFINE(enum negative { N_ONE = -200, N_TWO = 100 } __attribute__((packed));)
DEFINE(enum wide { W_ONE = 0x100000000 };)
DEFINE(enum unsigned_one { U_ONE = 0xffffffff };)
DEFINE(struct enums { char a; enum small b; enum medium c; enum wide d; enum unsigned_one e; };)
SIZE(enum small)
SIZE(enum medium)
SIZE(enum negative)
SIZE(enum wide)
SIZE(enum unsigned_one)
SIZE(struct enums)
FIELD(struct enums, b)
FIELD(struct enums, c)
FIELD(struct enums, d)
FIELD(struct enums, e)

DEFINE(struct moded { char a; int b __attribute__((mode(HI))); unsigned c __attribute__((mode(__DI__))); };)
/* gcc for s390x aligns larger ones in records by more than it says. */
#ifdef __s390x__
DEFINE(typedef int vector __attribute__((vector_size(8)));)
#else
DEFINE(typedef int vector __attribute__((vector_size(16)));)
#endif
DEFINE(struct extended {
	__extension__ long long a;
	__signed__ char b;
	__volatile__ short c;
	__int128 d;
	__typeof__(struct plain) e;
	typeof(own_u32[3]) f;
	__extension__ union { char g; long h; };
	_Static_assert(sizeof(int) == 4, "int");
	vector i;
	char j;
};)
DEFINE(struct typeofs { typeof(1) a; typeof(2ul) b; char c[((typeof(3))5 + 1) & ~1u]; };)
SIZE(struct typeofs)
DEFINE(struct sized { char a[sizeof(struct plain)]; char b[sizeof(long) * 2 + 1]; char c[LIGHT + DARK]; char d[1 ? 3 : 5]; char e['a' - 'Z' > 0]; char f[(unsigned char)259]; };)
SIZE(struct moded)
SIZE(struct extended)
SIZE(struct sized)
FIELD(struct moded, b)
FIELD(struct moded, c)
FIELD(struct extended, b)
FIELD(struct extended, c)
FIELD(struct extended, d)
FIELD(struct extended, e)
FIELD(struct extended, f)
FIELD(struct extended, g)
FIELD(struct extended, h)
FIELD(struct extended, i)
FIELD(struct extended, j)
FIELD(struct sized, b)
FIELD(struct sized, c)
FIELD(struct sized, d)
FIELD(struct sized, e)
FIELD(struct sized, f)

#undef DEFINE
#undef SIZE
#undef FIELD
#undef BITS
