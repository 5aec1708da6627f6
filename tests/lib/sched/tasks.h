/* SPDX-License-Identifier: MIT */
/*
 * tasks.h - a few tasks with static stacks, for tests.
 */
#pragma once

#define TEST_TASKS 4

/* Task `index` runs body(context); it must have been joined since its last start. */
void test_task_start(unsigned int index, const char *name, void (*body)(void *context),
		     void *context);
void test_task_join(unsigned int index);
