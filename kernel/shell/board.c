/* SPDX-License-Identifier: MIT */
/*
 * board.c - which board this is, and what its firmware says of it.
 */
#include <kernel/shell.h>

#include <drivers/board.h>
#include <kernel/main.h>

COMMAND(board, "board", "the board: model, memory's owners, clocks, temperature")
{
	const char *model = boot_info_get()->board.model;

	if (argc > 1)
		return SHELL_USAGE;
	seq_printf(out, "model        %s\n", model[0] ? model : "not said by the firmware");
	if (!board_show(out))
		seq_puts(out, "There is no board firmware to ask here.\n");
	return 0;
}
