/* SPDX-License-Identifier: MIT */
/*
 * smp.c - work for every CPU.
 *
 * LINUX	kernel/smp.c: on_each_cpu(); kernel/stop_machine.c waits for the same moment on all CPUs, we do not.
 */
#include <lib/init.h>
#include <lib/smp.h>

#include <arch/cpu.h>
#include <arch/smp.h>
#include <lib/check.h>
#include <lib/completion.h>

struct cpu_work {
	void (*work)(unsigned int cpu, void *context);
	void *context;
};

static void (*sender)(unsigned int cpu);
static unsigned int nr_running = 1;
static bool working;
static struct cpu_work cpu_work[NR_CPUS];
static DEFINE_WAIT_QUEUE_HEAD(work_queue);
static DECLARE_COMPLETION(work_done);

void smp_sender_register(void (*send)(unsigned int cpu))
{
	sender = send;
}

void smp_kick(unsigned int cpu)
{
	if (sender)
		sender(cpu);
}

unsigned int smp_nr_running(void)
{
	return __atomic_load_n(&nr_running, __ATOMIC_ACQUIRE);
}

void smp_run_on_cpus(unsigned int nr, void (*work)(unsigned int cpu, void *context), void *context)
{
	CHECK(nr <= smp_nr_running() && arch_cpu_id() == 0, "work for %u cpus, %u run", nr,
	      smp_nr_running());
	__atomic_store_n(&working, nr > 1, __ATOMIC_RELEASE);
	for (unsigned int cpu = 1; cpu < nr; cpu++) {
		cpu_work[cpu].context = context;
		__atomic_store_n(&cpu_work[cpu].work, work, __ATOMIC_RELEASE);
	}
	wake_up_all(&work_queue);
	if (nr > 0)
		work(0, context);
	for (unsigned int cpu = 1; cpu < nr; cpu++)
		wait_for_completion(&work_done);
	__atomic_store_n(&working, false, __ATOMIC_RELEASE);
}

bool smp_work_is_under_way(void)
{
	return __atomic_load_n(&working, __ATOMIC_ACQUIRE);
}

__init void smp_start_others(unsigned int nr)
{
	for (unsigned int cpu = 1; cpu < nr; cpu++) {
		if (arch_cpu_start(cpu) != 0)
			return;
		while (smp_nr_running() <= cpu)
			arch_cpu_relax();
	}
}

void smp_cpu_loop(void)
{
	unsigned int cpu = arch_cpu_id();
	struct cpu_work *mine = &cpu_work[cpu];

	sched_cpu_init();
	arch_irq_enable();
	__atomic_add_fetch(&nr_running, 1, __ATOMIC_RELEASE);
	for (;;) {
		void (*work)(unsigned int cpu, void *context);

		wait_event(work_queue, __atomic_load_n(&mine->work, __ATOMIC_ACQUIRE) != NULL);
		work = mine->work;
		mine->work = NULL;
		work(cpu, mine->context);
		complete(&work_done);
	}
}
