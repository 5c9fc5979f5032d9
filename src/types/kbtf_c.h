/*
 * BTF as C text: declarations and definitions, as the kernel's sources have
 * them but for comments. The bytes are not trusted: what is nested deeper than
 * any C is cut short.
 */
#ifndef SONDE_TYPES_KBTF_C_H
#define SONDE_TYPES_KBTF_C_H

#include "base/sbuf.h"
#include "types/kbtf.h"

/* A declaration of `name` with this type: "char comm[16]"; with "" the type
 * alone: "struct file *". */
void kbtf_c_declaration(struct kbtf *b, struct sbuf *out, uint32_t id, const char *name);

/* Call `each` for the members of a struct or union; those of a member without a name
 * take its place, and bits without one are left out. */
typedef void (*kbtf_member_fn)(const char *name, uint32_t type_id, void *arg);
void kbtf_c_members(struct kbtf *b, uint32_t id, kbtf_member_fn each, void *arg);

/* A struct, union or enum with its members: "struct list_head {…}", no ";". */
void kbtf_c_definition(struct kbtf *b, struct sbuf *out, uint32_t id);

#endif
