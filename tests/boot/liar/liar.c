/* SPDX-License-Identifier: MIT */
/*
 * liar.c - a boot loader for PCs that says whatever its script says.
 *
 * THE IDEA
 *	A machine's own firmware gives one map, and a sane one. This loader stands
 *	between: a PVH loader (QEMU) starts it and hands it a script as the initrd. The
 *	script names what is to lie where (the kernel's segments, a start_info,
 *	a map, strings, whole multiboot2 blocks) and what eax and ebx hold at the kernel's entry. So
 *	a test decides every byte that the kernel's entry path reads, and the
 *	kernel cannot tell that it is being lied to.
 *
 * PICTURE	the script, all words of 32 bits; offsets count from its first byte
 *
 *	"LIAR"  nr_steps  entry  eax  ebx  zero
 *	to  offset  size  zeroes	nr_steps times
 *	bytes ...
 *
 * LIMITS	The loader and its script lie from LIAR_GROUND up, where no step may write.
 */

typedef unsigned int word;

#define SCRIPT_MAGIC 0x5241494c /* "LIAR" */
#define COM1	     0x3f8
#define EXIT_PORT    0xf4
#define EXIT_STATUS  63 /* none of the kernel's */

struct script {
	word magic, nr_steps, entry, eax, ebx, zero;
	struct step {
		word to, offset, size, zeroes;
	} step[];
};

/* The words of a PVH start_info and of its first module that matter here; addresses are 64-bit, low word first. */
struct start_info {
	word magic, version, flags, nr_modules, modules, modules_high;
};

struct module {
	word address, address_high, size, size_high;
};

void liar_main(const struct start_info *start);

/* The note by which QEMU finds the entry, and the entry itself. */
__asm__(".section .note.Xen, \"a\", @note\n"
	"	.balign 4\n"
	"	.long 4, 4, 18\n"
	"	.asciz \"Xen\"\n"
	"	.long _start\n"
	"	.text\n"
	"	.globl _start\n"
	"_start:\n"
	"	cld\n"
	"	movl $stack_top, %esp\n"
	"	pushl %ebx\n"
	"	call liar_main\n"
	"	.bss\n"
	"	.skip 4096\n"
	"stack_top:\n"
	"	.text\n");

static void out8(unsigned short port, unsigned char value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static _Noreturn void give_up(const char *why)
{
	while (*why)
		out8(COM1, (unsigned char)*why++);
	for (;;)
		out8(EXIT_PORT, EXIT_STATUS);
}

static void copy(word to, const unsigned char *from, word size)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

static void clear(word to, word size)
{
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(0) : "memory");
}

static _Noreturn void enter(const struct script *script)
{
	__asm__ volatile("jmp *%2"
			 :
			 : "a"(script->eax), "b"(script->ebx), "r"(script->entry)
			 : "memory");
	__builtin_unreachable();
}

void liar_main(const struct start_info *start)
{
	const struct module *module = (const void *)start->modules;
	const struct script *script = (const void *)module->address;

	if (start->nr_modules < 1 || script->magic != SCRIPT_MAGIC)
		give_up("liar: the initrd is no script\n");
	for (word i = 0; i < script->nr_steps; i++) {
		const struct step *step = &script->step[i];

		copy(step->to, (const unsigned char *)script + step->offset, step->size);
		clear(step->to + step->size, step->zeroes);
	}
	enter(script);
}
