/* SPDX-License-Identifier: MIT */
/*
 * os.h - the line between the hosted machine and the Linux process that plays it.
 *
 * Above it stands freestanding code that includes no libc header; below it
 * os_*.c, which includes libc's and none of the kernel's that clash with them.
 * Physical memory is a file without a name (memfd): byte n of it is physical address n, holes cost nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- os_memory.c: physical memory, and what the process sees of it ------------- */

/* Keep the kernel's regions free of everything else; false when something lies there already. First of all. */
bool os_address_space_take(void);

/* Create `size` bytes of physical memory, all zero. Once. */
void os_memory_create(uint64_t size);

/* The machine's own view of physical memory: what its page-table walker and its devices use. */
void *os_bus(uint64_t pa);

/* Let [va, va+size) show physical memory from `pa` on; whatever was there goes. */
void os_map(uintptr_t va, uint64_t pa, size_t size, bool writable, bool executable);

/* From now on nothing is at [va, va+size). */
void os_unmap(uintptr_t va, size_t size);

/*
 * Copy the image into physical memory at `pa` and put [data, end) itself there too, so that a
 * write through the image and one through another mapping meet in the same byte. One thread only.
 */
void os_image_move(char *start, char *data, char *end, uint64_t pa);

/* Copy what the process sees at `va`; false, and no fault, when nothing is there. For tests. */
bool os_try_read(const void *va, void *to, size_t size);

/* Zeroed memory for the machine's own books, outside all physical memory; never freed. */
void *os_private_memory(size_t size);

/* --- os_cpu.c: threads, stacks, signals ------------------------------------------ */

struct os_stack {
	uintptr_t low, high; /* [low, high) may be used; below `low` nothing is mapped */
};

/* Run entry(id) as CPU `id` on a guarded stack of its own; its faults go to hosted_trap(). */
void os_cpu_start(unsigned int id, void (*entry)(unsigned int id));

/* The calling CPU's thread, and a signal to one: it calls hosted_signal_arrived() there, on the stack that it interrupts. */
unsigned long os_cpu_self(void);
void os_cpu_signal(unsigned long thread);

/* The calling CPU's timer: its signal comes once, `nanoseconds` from now; 0 stops it. */
void os_timer_create(void);
void os_timer_arm(uint64_t nanoseconds);

/* interrupts.c */
void hosted_signal_arrived(bool from_timer);
void hosted_interrupts_init(void);
_Noreturn void os_wait_forever(void);

/* The stack that holds `sp`: this CPU's, or the one its faults are handled on; {0, 0} if neither. */
struct os_stack os_stack_of(uintptr_t sp);

/* The kernel leaves one stack for another; what the sanitizers must know of both. {0, 0} is the thread's own. */
struct os_fiber {
	void *sp;
	struct os_stack stack;
	void *sanitizer;
};
void os_fiber_init(struct os_fiber *fiber, struct os_stack stack, void (*entry)(void *),
		   void *argument);
void os_fiber_switch(struct os_fiber *from, struct os_fiber *to);

/* os_host_<cpu>.c: save what a call preserves and the stack pointer, take those of `to`; a first stack for entry(argument). */
void os_host_switch(void **from_sp, void *to_sp);
void *os_host_first_frame(uintptr_t stack_high, void (*entry)(void *), void *argument);

enum os_fault {
	OS_FAULT_MEMORY,
	OS_FAULT_BUS,
	OS_FAULT_ILLEGAL,
	OS_FAULT_DIVIDE,
	OS_FAULT_BREAKPOINT
};
enum os_access { OS_READ, OS_WRITE, OS_EXEC };
#define OS_MAX_REGISTERS 34

struct trap_frame {
	enum os_fault fault;
	int signal, code;     /* Linux's */
	uintptr_t pc, sp, fp; /* pc is written back when the trap returns */
	uintptr_t address;    /* what was touched, and how: memory and bus faults */
	enum os_access access;
	unsigned int interrupt; /* of an interrupt, which has nothing else: its number */
	unsigned int nr_registers;
	const char *const *register_names;
	uint64_t registers[OS_MAX_REGISTERS];
};

/* trap.c: a signal came in; called on the stack for faults. */
void hosted_trap(struct trap_frame *frame);

/* os_host_<cpu>.c: registers of the interrupted code, by the host's names, and how it touched memory. */
void os_host_registers(struct trap_frame *frame, const void *context);
void os_host_set_pc(void *context, uintptr_t pc);

/* --- os_console.c ------------------------------------------------------------------ */
void os_console_open(void);
void os_console_close(void);
void os_putc(char c);
int os_getc(void);
void os_flush(void);

/* Say something about the machine itself, to standard error, and end the process. */
_Noreturn void os_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* --- os.c ------------------------------------------------------------------------------ */
_Noreturn void os_exit(int status);
_Noreturn void os_restart(void);
uint64_t os_nanoseconds(void);
uint64_t os_random(void);

/* Wait for a signal, unless *pending is not 0 already; the signal's handler has run when it returns. */
void os_wait(const unsigned int *pending);

/* boot.c: bring up the named machine with this command line; the caller's thread then waits. */
bool hosted_power_on(const char *machine, const char *command_line);

/* machines.c: print the models and end. */
_Noreturn void hosted_list_machines(void);
