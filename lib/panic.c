/* SPDX-License-Identifier: MIT */
/*
 * panic.c - the last thing a broken kernel does.
 *
 * Message, registers of the trap if there was one, call stack with names, the
 * log's last lines, an exit status. No allocation and no lock: whoever holds one may be what broke. A
 * second panic, inside the first, stops at once. The other CPUs are interrupted and stop, so that the first is told whole and
 * nothing changes meanwhile; one that takes no interrupt stops where it prints or panics too. They are waited for, but not for ever.
 * LINUX	kernel/panic.c: panic(), smp_send_stop().
 */
#include <lib/check.h>

#include <arch/console.h>
#include <arch/cpu.h>
#include <arch/stack.h>
#include <arch/trap.h>
#include <lib/printk.h>
#include <lib/smp.h>
#include <lib/string.h>

#define LAST_LINES 12
#define STOP_TURNS (1U << 23) /* less than a second */

static const char *expected_text;
static int owner = -1; /* the CPU that tells what happened */
static char message[256];
static bool told; /* the message, if not what follows it */
static unsigned int nr_stopped;

static void put_text(struct text_sink *sink, const char *text, size_t length)
{
	(void)sink;
	for (size_t i = 0; i < length; i++)
		arch_putc(text[i]);
}

struct backtrace {
	unsigned int depth, repeated;
	uintptr_t last;
};

static void print_repeats(struct backtrace *trace)
{
	if (trace->repeated)
		printk(LOG_PANIC, "       ... the same %u times more", trace->repeated);
	trace->repeated = 0;
}

/* Endless recursion is one line and a count. */
static bool print_frame(uintptr_t pc, void *context)
{
	struct backtrace *trace = context;

	trace->depth++;
	if (pc == trace->last) {
		trace->repeated++;
		return true;
	}
	print_repeats(trace);
	trace->last = pc;
	printk(LOG_PANIC, trace->depth == 1 ? "  #%-2u 0x%016lx %pS" : "  #%-2u 0x%016lx %pB",
	       trace->depth - 1, (unsigned long)pc, (void *)pc);
	return true;
}

static void print_registers(const struct trap_frame *frame)
{
	printk(LOG_PANIC, "registers:");
	arch_trap_print_registers(frame, &console_sink);
}

/* What the log held before the panic, where a quiet console has not shown it. */
static void print_last_lines(void)
{
	if (console_get_level() >= LOG_INFO)
		return;
	console_print("the last lines of the log:\n");
	printk_dump(&console_sink, LAST_LINES);
}

static void tell(void)
{
	told = true;
	printk(LOG_PANIC, "loam: PANIC on cpu %u: %s", arch_cpu_id(), message);
}

/* Returns once, on one CPU. */
static void enter_once(void)
{
	int nobody = -1, this_cpu = (int)arch_cpu_id();

	if (__atomic_compare_exchange_n(&owner, &nobody, this_cpu, false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED))
		return;
	if (nobody == this_cpu) {
		if (!told && message[0])
			tell();
		arch_halt(HALT_PANIC);
	}
	panic_stop_here();
}

void panic_stop_here(void)
{
	int teller = __atomic_load_n(&owner, __ATOMIC_RELAXED);

	if (likely(teller < 0) || teller == (int)arch_cpu_id())
		return;
	arch_irq_save();
	__atomic_add_fetch(&nr_stopped, 1, __ATOMIC_RELEASE);
	for (;;)
		arch_cpu_relax();
}

static void stop_others(void)
{
	unsigned int cpu, turns, others = smp_nr_running() - 1;

	for (cpu = 0; cpu <= others; cpu++)
		if (cpu != arch_cpu_id())
			smp_kick(cpu);
	for (turns = 0; turns < STOP_TURNS; turns++) {
		if (__atomic_load_n(&nr_stopped, __ATOMIC_ACQUIRE) >= others)
			return;
		arch_cpu_relax();
	}
}

static _Noreturn void end(const struct trap_frame *frame, const char *format, va_list args)
{
	struct backtrace trace = {0};
	struct text_sink last_resort = {.emit = put_text};

	arch_irq_save();
	enter_once();
	printk_enter_panic();
	stop_others();

	vsnprintf(message, sizeof(message), format, args);
	if (expected_text && strstr(message, expected_text)) {
		printk(LOG_PANIC, "panic expected: %s", message);
		arch_halt(HALT_OK);
	}

	if (printk_has_console())
		print_last_lines();
	tell();
	if (frame)
		print_registers(frame);
	printk(LOG_PANIC, "call stack, innermost first:");
	arch_stack_walk(frame, print_frame, &trace);
	print_repeats(&trace);
	if (!printk_has_console())
		printk_dump(&last_resort, 0);
	arch_halt(HALT_PANIC);
}

void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	end(NULL, format, args);
}

void panic_at(const struct trap_frame *frame, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	end(frame, format, args);
}

void check_failed(const char *file, int line, const char *expression, const char *format, ...)
{
	char values[160];
	va_list args;

	va_start(args, format);
	vsnprintf(values, sizeof(values), format, args);
	va_end(args);
	panic("CHECK(%s) failed at %s:%d%s%s", expression, file, line, values[0] ? ": " : "",
	      values);
}

void panic_expect(const char *text)
{
	expected_text = text;
}

bool panic_is_under_way(void)
{
	return __atomic_load_n(&owner, __ATOMIC_RELAXED) >= 0;
}
