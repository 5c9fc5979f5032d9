/*
 * The kernel of target.json: what target.btf describes. Made anew with
 *
 *	clang -O1 -g -target bpf -c target.c -o target.o
 *
 * and the bytes of target.o's section .BTF.
 */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

typedef unsigned int u32;
typedef unsigned long size_t;
typedef long loff_t;
typedef unsigned long uint64_t;
typedef unsigned char u8;
enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_MAX = 4 };
#define percpu __attribute__((btf_type_tag("percpu")))
struct list_head {
	struct list_head *next, *prev;
};
struct path {
	void *mnt;
	struct dentry *dentry;
};
struct qstr {
	u32 hash, len;
	const unsigned char *name;
};
struct dentry {
	u32 d_flags;
	struct qstr d_name;
	struct dentry *d_parent;
};
struct file {
	u32 f_mode;
	u32 f_flags;
	loff_t f_pos;
	struct path f_path;
};
struct task_struct {
	u32 flags;
	int prio;
	int pid;
	int tgid;
	char comm[16];
	struct task_struct *parent;
	struct list_head children;
	enum pid_type type;
	double ratio;
	unsigned int bits : 3;
	int percpu *counter;
	u8 bytes[8];
};
struct pt_regs {
	unsigned long r15,r14,r13,r12,bp,bx,r11,r10,r9,r8,ax,cx,dx,si,di,orig_ax,ip,cs,flags,sp,ss;
};
struct task_struct *task; struct pt_regs *regs;
long vfs_read(struct file *file, char *buf, size_t count, loff_t *pos)
{
	return 0;
}
long vfs_write(struct file *file, const char *buf, size_t count, loff_t *pos)
{
	return 0;
}
int do_nanosleep(void *t, int mode)
{
	return 0;
}
