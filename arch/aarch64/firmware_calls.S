/* SPDX-License-Identifier: MIT */
/*
 * firmware_calls.S - the instructions that call a debugger or the firmware.
 *
 * Where nobody listens they are undefined. trap_dispatch() knows each of them by
 * its address (may_be_undefined) and lets it answer -1.
 */

	/* long semihosting_call(uint32_t operation, const void *argument) */
	.globl	semihosting_call
semihosting_call:
	nop
semihosting_instruction:
	hlt	#0xf000
	ret

	/* long psci_call_hvc(uint64_t function), psci_call_smc(uint64_t function); SMC calling convention */
	.globl	psci_call_hvc
psci_call_hvc:
	mov	x1, xzr
	mov	x2, xzr
	mov	x3, xzr
hvc_instruction:
	hvc	#0
	ret

	.globl	psci_call_smc
psci_call_smc:
	mov	x1, xzr
	mov	x2, xzr
	mov	x3, xzr
smc_instruction:
	smc	#0
	ret

	.section .rodata
	.balign	8
	.globl	may_be_undefined
may_be_undefined:
	.quad	semihosting_instruction
	.quad	hvc_instruction
	.quad	smc_instruction
	.quad	0
