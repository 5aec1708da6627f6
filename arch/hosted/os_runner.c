/* SPDX-License-Identifier: MIT */
#include "os_runner.h"
#include "os.h"

int os_run_tests(const struct os_runner_options *options)
{
	char line[256] = "selftest";
	if (!hosted_power_on(options->machine, line))
		os_die("no machine");
	os_wait_forever();
}
