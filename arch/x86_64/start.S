/* SPDX-License-Identifier: MIT */
/*
 * start.S - from the loader's 32-bit jump to the first C function.
 *
 * THE IDEA
 *	PVH and multiboot2 loaders both enter in 32-bit protected mode with paging
 *	off, flat segments and interrupts off. They differ in what they leave in
 *	registers: with PVH ebx points at a start_info that begins with a magic
 *	number (eax holds anything); with multiboot2 eax holds another magic and
 *	ebx points at the information block.
 *
 *	Long mode needs paging, and the instruction after paging is switched on
 *	is fetched through the new tables at the old, low address. So the tables
 *	show the image twice: the higher half is where it stays, and the first
 *	GiB leads into the *same* tables for the few instructions until the jump
 *	up. x86_start() then cuts the low view off; address 0 is unmapped from there on.
 *
 * PICTURE	the boot page tables, all in .bss
 *
 *	boot_root            boot_pdpt            boot_directory      boot_page_tables
 *	[  0] --(for now)--> [  0] --(for now)--> [0] --------------> [0][256..511]  1 to 2 MiB
 *	 ...                  ...            /    [1] --------------> [1]            2 to 4 MiB
 *	[511] -------------> [510] ---------/      ...                 ...
 *	                     [511] fixmap's       [4] --------------> [4]            8 to 10 MiB
 *
 *	A CPU with LA57 walks five levels: boot_root5 stands before boot_root, whose entries 0 (for now) and 511 lead to
 *	it. The addresses stay as they are.
 *
 *	The page tables lie one behind the other, so the entry of the physical
 *	page p is word p of all of them together, and every page gets the
 *	permissions of its section:
 *
 *	.boot		read, execute; gone when x86_start() cuts
 *	.text .init.text	read, execute
 *	.rodata		read
 *	.init.data .ro_after_init .data .bss	read, write; free_initmem() takes the init parts
 *	guard pages	nothing: the page below each stack
 *
 * COST		About 4 instructions for each page of the image and 60 more.
 * LINUX	arch/x86/platform/pvh/head.S, arch/x86/boot/compressed/head_64.S; Linux maps
 *		by 2 MiB first and splits for permissions later, we have them at once.
 */
#include <asm/boot.h>
#include <asm/link.h>
#include <asm/registers.h>

#define PHYS(symbol) ((symbol) - LOAD_OFFSET)

#define PVH_MAGIC	   0x336ec578 /* first word of start_info */
#define MULTIBOOT2_MAGIC   0x36d76289 /* in eax */
#define MULTIBOOT2_HEADER_MAGIC 0xe85250d6

#define COM1		   0x3f8
#define COM1_LINE_STATUS   0x3fd
#define TRANSMITTER_EMPTY  0x20
#define EXIT_PORT	   0xf4
#define STATUS_BAD_BOOT	   6 /* HALT_BAD_BOOT; boot.c proves it */

#define CPUID_LONG_MODE	   (1 << 29) /* leaf 0x80000001, edx */
#define CPUID_NX	   (1 << 20)
#define CPUID_FEATURES	   7
#define CPUID_LA57	   (1 << 16) /* leaf 7, ecx */

#define TABLE_FLAGS	   (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED)
#define RX_FLAGS	   (PTE_PRESENT | PTE_ACCESSED | PTE_GLOBAL)
#define RO_FLAGS	   (PTE_PRESENT | PTE_ACCESSED | PTE_GLOBAL)
#define RW_FLAGS	   (PTE_PRESENT | PTE_ACCESSED | PTE_GLOBAL | PTE_WRITE | PTE_DIRTY)
#define BOOT_FLAGS	   (PTE_PRESENT | PTE_ACCESSED)

/* The note by which a PVH loader finds the entry: owner "Xen", type 18. */
	.section .note.Xen, "a", @note
	.balign	4
	.long	4			/* length of the owner's name */
	.long	4			/* length of the descriptor */
	.long	18			/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.long	_start

/*
 * The header by which a multiboot2 loader knows us, within the first 32 KiB of the file. The
 * ELF header says where to load and to enter. A tag begins at a multiple of 8 with a
 * type, flags (1: go on without it) and its size.
 * Multiboot2 specification 2.0, 3.1.
 */
	.section .boot.header, "a", @progbits
	.balign	8
multiboot2_header:
	.long	MULTIBOOT2_HEADER_MAGIC, 0, header_size /* 0: i386, as we are entered */
	.long	-(MULTIBOOT2_HEADER_MAGIC + header_size)
	.short	1, 0			/* we cannot do without the command line and the map */
	.long	16, 1, 6
	.short	1, 1			/* name, modules, framebuffer, both RSDPs, EFI map: if there */
	.long	32, 2, 3, 8, 14, 15, 17
	.short	5, 1			/* a framebuffer: width, height, bits per pixel */
	.long	20, 1024, 768, 32
	.balign	8
	.short	6, 0			/* modules on whole pages */
	.long	8
	.short	0, 0			/* no more tags */
	.long	8
	.set	header_size, . - multiboot2_header

	.section .boot, "ax", @progbits
	.code32
	.globl	_start
_start:
	movl	%eax, %esi
	rdtsc
	cli
	cld
	movl	%eax, PHYS(boot_cycles)
	movl	%edx, PHYS(boot_cycles + 4)
	movl	$PHYS(stack_boot_high), %esp

	/* Who loaded us? */
	movl	%ebx, PHYS(boot_info_pa)
	movl	$LOADER_PVH, %ecx
	cmpl	$PVH_MAGIC, (%ebx)
	je	1f
	movl	$LOADER_MULTIBOOT2, %ecx
	cmpl	$MULTIBOOT2_MAGIC, %esi
	je	1f
	movl	$message_loader, %esi
	jmp	refuse
1:	movl	%ecx, PHYS(boot_loader)

	/* Can this CPU run us? Every CPU with rdtsc has cpuid. */
	movl	$0x80000000, %eax
	cpuid
	movl	$message_long_mode, %esi
	cmpl	$0x80000001, %eax
	jb	refuse
	movl	$0x80000001, %eax
	cpuid
	testl	$CPUID_LONG_MODE, %edx
	jz	refuse
	movl	$message_nx, %esi
	testl	$CPUID_NX, %edx
	jz	refuse

	/* The picture above, from the left. */
	movl	$(PHYS(boot_pdpt) + TABLE_FLAGS), %eax
	movl	%eax, PHYS(boot_root)
	movl	%eax, PHYS(boot_root + 511 * 8)
	movl	$(PHYS(boot_directory) + TABLE_FLAGS), %eax
	movl	%eax, PHYS(boot_pdpt)
	movl	%eax, PHYS(boot_pdpt + 510 * 8)
	movl	$(PHYS(boot_page_tables) + TABLE_FLAGS), %eax
	xorl	%ecx, %ecx
2:	movl	%eax, PHYS(boot_directory)(, %ecx, 8)
	addl	$4096, %eax
	incl	%ecx
	cmpl	$BOOT_PAGE_TABLES, %ecx
	jb	2b

	movl	$BOOT_VA, %eax
	movl	$PHYS(text_start), %ecx
	movl	$BOOT_FLAGS, %edx
	xorl	%ebp, %ebp
	call	map_pages
	movl	$PHYS(text_start), %eax
	movl	$PHYS(init_text_end), %ecx
	movl	$RX_FLAGS, %edx
	call	map_pages
	movl	$PTE_NX_HIGH, %ebp
	movl	$PHYS(rodata_start), %eax
	movl	$PHYS(rodata_end), %ecx
	movl	$RO_FLAGS, %edx
	call	map_pages
	movl	$PHYS(init_data_start), %eax
	movl	$PHYS(data_end), %ecx
	movl	$RW_FLAGS, %edx
	call	map_pages

	/* The page below each stack. x86_stacks holds virtual bounds; their low words are enough. */
	movl	$PHYS(x86_stacks), %esi
3:	movl	(%esi), %eax
	subl	$((LOAD_OFFSET & 0xffffffff) + 4096), %eax
	shrl	$9, %eax
	movl	$0, PHYS(boot_page_tables)(%eax)
	movl	$0, PHYS(boot_page_tables + 4)(%eax)
	addl	$16, %esi
	cmpl	$PHYS(x86_stacks_end), %esi
	jb	3b

	/* Long mode: PAE, the root, EFER, and paging last. Five levels can only be had now: never while paging is on. */
	movl	$CR4_PAE, %esi
	movl	$PHYS(boot_root), %edi
	xorl	%eax, %eax
	cpuid
	cmpl	$CPUID_FEATURES, %eax
	jb	4f
	movl	$CPUID_FEATURES, %eax
	xorl	%ecx, %ecx
	cpuid
	testl	$CPUID_LA57, %ecx
	jz	4f
	leal	TABLE_FLAGS(%edi), %eax
	movl	%eax, PHYS(boot_root5)
	movl	%eax, PHYS(boot_root5 + 511 * 8)
	movl	$PHYS(boot_root5), %edi
	orl	$CR4_LA57, %esi
	movl	$5, PHYS(x86_pt_levels)
4:	movl	%esi, %cr4
	movl	%edi, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$(EFER_LME | EFER_NXE), %eax
	wrmsr
	movl	$CR0_KERNEL, %eax
	movl	%eax, %cr0
	lgdt	boot_gdt_pointer
	ljmp	$KERNEL_CS, $start_64_low

/* The pages [%eax, %ecx) with the entry's flags in %edx and its upper word in %ebp. Clobbers %edi. */
map_pages:
	movl	%eax, %edi
	shrl	$9, %edi
	orl	%edx, %eax
	jmp	2f
1:	movl	%eax, PHYS(boot_page_tables)(%edi)
	movl	%ebp, PHYS(boot_page_tables + 4)(%edi)
	addl	$4096, %eax
	addl	$8, %edi
2:	cmpl	%ecx, %eax
	jb	1b
	ret

/* Print the string at %esi on the first serial port and stop with HALT_BAD_BOOT. */
refuse:
	movl	$0x10000, %ecx
1:	movw	$COM1_LINE_STATUS, %dx
	inb	%dx, %al
	testb	$TRANSMITTER_EMPTY, %al
	loopz	1b			/* a port that is never ready costs time, not the end */
	lodsb
	testb	%al, %al
	jz	2f
	movw	$COM1, %dx
	outb	%al, %dx
	jmp	refuse
2:	movw	$EXIT_PORT, %dx
	movb	$STATUS_BAD_BOOT, %al
	outb	%al, %dx
3:	cli
	hlt
	jmp	3b

message_loader:
	.asciz	"loam: the boot loader speaks neither PVH nor multiboot2\r\n"
message_long_mode:
	.asciz	"loam: this CPU has no 64-bit mode\r\n"
message_nx:
	.asciz	"loam: this CPU has no NX bit: data would be executable\r\n"

	.code64
start_64_low:
	movq	$start_64, %rax
	jmp	*%rax

/* Enough to enter 64-bit code; accessed bits set, so that the CPU does not write here. */
	.balign	8
boot_gdt:
	.quad	0
	.quad	0x00af9b000000ffff	/* KERNEL_CS: 64-bit code */
boot_gdt_pointer:
	.word	. - boot_gdt - 1
	.long	boot_gdt

	.text
	.code64
start_64:
	xorl	%eax, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%eax, %fs
	movl	%eax, %gs
	xorl	%edx, %edx
	movl	$MSR_GS_BASE, %ecx	/* per-CPU offset 0; AMD keeps the base when gs becomes null */
	wrmsr
	movq	$stack_boot_high, %rsp
	xorl	%ebp, %ebp		/* the stack walk ends here */
	pushq	%rbp
	pushq	%rbp
	call	x86_start
	ud2				/* so that the return address is still start_64's */

/*
 * The stacks: an unmapped page, the stack, and so on. A stack that runs over
 * hits the page below it and nothing else.
 */
	.macro	stack name, size
	.balign	4096
	.skip	4096
	.globl	stack_\name\()_low, stack_\name\()_high
stack_\name\()_low:
	.skip	\size
stack_\name\()_high:
	.endm

	.section .stacks, "aw", @nobits
	stack	boot, 16384
	stack	double_fault, 8192
	stack	nmi, 8192
	stack	machine_check, 8192

	.section .rodata
	.balign	8
	.globl	x86_stacks, x86_stacks_end
x86_stacks:				/* in the order of enum x86_stack */
	.quad	stack_boot_low, stack_boot_high
	.quad	stack_double_fault_low, stack_double_fault_high
	.quad	stack_nmi_low, stack_nmi_high
	.quad	stack_machine_check_low, stack_machine_check_high
x86_stacks_end:

	.section .note.GNU-stack, "", @progbits
