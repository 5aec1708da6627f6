/* SPDX-License-Identifier: MIT */
/* tasks.c - stacks and tasks that the tests of waiting share. */
#include "tasks.h"

#include <lib/sched.h>

static struct task tasks[TEST_TASKS];
static DEFINE_TASK_STACK(stack_0);
static DEFINE_TASK_STACK(stack_1);
static DEFINE_TASK_STACK(stack_2);
static DEFINE_TASK_STACK(stack_3);
static uint8_t *const stacks[TEST_TASKS] = {stack_0, stack_1, stack_2, stack_3};

void test_task_start(unsigned int index, const char *name, void (*body)(void *context),
		     void *context)
{
	task_start(&tasks[index], name, stacks[index], body, context);
}

void test_task_join(unsigned int index)
{
	task_join(&tasks[index]);
}
