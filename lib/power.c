/* SPDX-License-Identifier: MIT */
/*
 * power.c - remember who can switch the machine off.
 */
#include <lib/init.h>
#include <lib/power.h>

#include <lib/types.h>

static void (*driver_off)(void) __ro_after_init;
static void (*driver_restart)(void) __ro_after_init;

__init void power_register(void (*off)(void), void (*restart)(void))
{
	driver_off = off;
	driver_restart = restart;
}

void power_driver_off(void)
{
	if (driver_off)
		driver_off();
}

void power_driver_restart(void)
{
	if (driver_restart)
		driver_restart();
}
