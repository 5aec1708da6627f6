/* SPDX-License-Identifier: MIT */
/*
 * os_cpu.c - a CPU is a thread, a fault is a signal.
 *
 * PICTURE	one mapping a CPU, from low to high addresses
 *
 *	| guard | stack for faults | guard | stack of the kernel |
 */
#include "os.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define GUARD	    (64UL << 10) /* more than a page: a sanitized frame may step over one */
#define FAULT_STACK (256UL << 10)
#define CPU_STACK   (1UL << 20)
#define INTERRUPT   SIGUSR1

static timer_t timer; /* the boot CPU's */

static __thread struct os_stack cpu_stack, fault_stack;
static __thread struct os_stack
	fiber_stack; /* the running task's, {0, 0} while that is cpu_stack */

struct cpu_start {
	unsigned int id;
	void (*entry)(unsigned int id);
	struct os_stack cpu, fault;
};

struct os_stack os_stack_of(uintptr_t sp)
{
	if (sp >= fiber_stack.low && sp <= fiber_stack.high)
		return fiber_stack;
	if (sp >= cpu_stack.low && sp <= cpu_stack.high)
		return cpu_stack;
	if (sp >= fault_stack.low && sp <= fault_stack.high)
		return fault_stack;
	return (struct os_stack){0, 0};
}

/* The sanitizers' own calls; HOSTED_ASAN and HOSTED_TSAN are 0 or 1, and a call that is never made is not linked. */
void __sanitizer_start_switch_fiber(void **saved, const void *bottom, size_t size);
void __sanitizer_finish_switch_fiber(void *saved, const void **bottom, size_t *size);
void *__tsan_create_fiber(unsigned int flags);
void *__tsan_get_current_fiber(void);
void __tsan_switch_to_fiber(void *fiber, unsigned int flags);

struct fiber_entry {
	void (*entry)(void *);
	void *argument;
};

/* The first function on a new stack: it says that the switch is over, then goes on as the task. */
static void enter_fiber(void *argument)
{
	struct fiber_entry *start = argument;

	if (HOSTED_ASAN)
		__sanitizer_finish_switch_fiber(NULL, NULL, NULL);
	start->entry(start->argument);
}

void os_fiber_init(struct os_fiber *fiber, struct os_stack stack, void (*entry)(void *),
		   void *argument)
{
	struct fiber_entry *start = (struct fiber_entry *)(stack.high - sizeof(*start));

	*start = (struct fiber_entry){entry, argument};
	fiber->stack = stack;
	fiber->sp = os_host_first_frame((uintptr_t)start, enter_fiber, start);
	fiber->sanitizer = HOSTED_TSAN ? __tsan_create_fiber(0) : NULL;
}

void os_fiber_switch(struct os_fiber *from, struct os_fiber *to)
{
	struct os_stack stack = to->stack.high != 0 ? to->stack : cpu_stack;
	void *saved = NULL;

	if (HOSTED_TSAN && from->sanitizer == NULL)
		from->sanitizer = __tsan_get_current_fiber();
	if (HOSTED_ASAN)
		__sanitizer_start_switch_fiber(&saved, (void *)stack.low, stack.high - stack.low);
	if (HOSTED_TSAN)
		__tsan_switch_to_fiber(to->sanitizer, 0);
	fiber_stack = to->stack;
	os_host_switch(&from->sp, to->sp);
	if (HOSTED_ASAN)
		__sanitizer_finish_switch_fiber(saved, NULL, NULL);
}

static enum os_fault fault_of(int signal)
{
	switch (signal) {
	case SIGSEGV:
		return OS_FAULT_MEMORY;
	case SIGBUS:
		return OS_FAULT_BUS;
	case SIGILL:
		return OS_FAULT_ILLEGAL;
	case SIGFPE:
		return OS_FAULT_DIVIDE;
	default:
		return OS_FAULT_BREAKPOINT;
	}
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
	struct trap_frame frame = {
		.fault = fault_of(signal),
		.signal = signal,
		.code = info->si_code,
		.address = (uintptr_t)info->si_addr,
	};
	uintptr_t pc;

	os_host_registers(&frame, context);
	pc = frame.pc;
	if (frame.fault == OS_FAULT_MEMORY && frame.address == frame.pc)
		frame.access = OS_EXEC;
	hosted_trap(&frame);
	if (frame.pc != pc)
		os_host_set_pc(context, frame.pc);
}

static void catch_faults(void)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
	stack_t stack = {.ss_sp = (void *)fault_stack.low,
			 .ss_size = fault_stack.high - fault_stack.low};
	struct sigaction action = {.sa_sigaction = on_fault,
				   .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

	sigemptyset(&action.sa_mask);
	if (sigaltstack(&stack, NULL) != 0)
		os_die("no stack for faults");
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], &action, NULL) != 0)
			os_die("signal %d cannot be caught", signals[i]);
}

/* On the stack that it interrupts, as an interrupt; others of its kind wait until the handler returns. */
static void on_interrupt(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	hosted_signal_arrived(info->si_code == SI_TIMER);
}

static void catch_interrupts(void)
{
	struct sigaction action = {.sa_sigaction = on_interrupt,
				   .sa_flags = SA_SIGINFO | SA_RESTART};

	sigemptyset(&action.sa_mask);
	if (sigaction(INTERRUPT, &action, NULL) != 0)
		os_die("interrupts cannot be caught");
}

unsigned long os_cpu_self(void)
{
	return (unsigned long)pthread_self();
}

void os_cpu_signal(unsigned long thread)
{
	pthread_kill((pthread_t)thread, INTERRUPT);
}

void os_timer_create(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = INTERRUPT};

	event._sigev_un._tid = (int)syscall(SYS_gettid);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0)
		os_die("the host gives no timer");
}

void os_timer_arm(uint64_t nanoseconds)
{
	struct itimerspec when = {.it_value = {(time_t)(nanoseconds / 1000000000UL),
					       (long)(nanoseconds % 1000000000UL)}};

	timer_settime(timer, 0, &when, NULL);
}

/* Between the look and the sleep the signal is held back: it cannot come unseen. */
void os_wait(const unsigned int *pending)
{
	const struct timespec patience = {.tv_nsec = 100000000};
	sigset_t interrupts, before;

	sigemptyset(&interrupts);
	sigaddset(&interrupts, INTERRUPT);
	pthread_sigmask(SIG_BLOCK, &interrupts, &before);
	if (__atomic_load_n(pending, __ATOMIC_SEQ_CST) == 0)
		ppoll(NULL, 0, &patience, &before);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void *run_cpu(void *argument)
{
	struct cpu_start *start = argument;

	cpu_stack = start->cpu;
	fault_stack = start->fault;
	catch_faults();
	catch_interrupts();
	start->entry(start->id);
	os_die("CPU %u came back from the kernel", start->id);
}

void os_cpu_start(unsigned int id, void (*entry)(unsigned int id))
{
	size_t size = 2 * GUARD + FAULT_STACK + CPU_STACK;
	char *base = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			  0);
	struct cpu_start *start = os_private_memory(sizeof(*start));
	char *fault = base + GUARD, *cpu = fault + FAULT_STACK + GUARD;
	pthread_attr_t attributes;
	pthread_t thread;

	if (base == MAP_FAILED || mprotect(fault, FAULT_STACK, PROT_READ | PROT_WRITE) != 0 ||
	    mprotect(cpu, CPU_STACK, PROT_READ | PROT_WRITE) != 0)
		os_die("no stack for CPU %u", id);
	*start = (struct cpu_start){
		.id = id,
		.entry = entry,
		.cpu = {(uintptr_t)cpu, (uintptr_t)cpu + CPU_STACK},
		.fault = {(uintptr_t)fault, (uintptr_t)fault + FAULT_STACK},
	};
	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, cpu, CPU_STACK);
	if (pthread_create(&thread, &attributes, run_cpu, start) != 0)
		os_die("no thread for CPU %u", id);
	pthread_attr_destroy(&attributes);
}

void os_wait_forever(void)
{
	for (;;)
		pause();
}
