/* SPDX-License-Identifier: MIT */
/*
 * liar_aarch64.S - enter an Image with any x0.
 *
 * QEMU's own loader refuses broken device trees and mends the memory nodes of
 * good ones. So a test lays the Image, the tree and this stub into memory with
 * -device loader, starts CPU 0 here, and the kernel finds exactly those bytes.
 * The two words behind the code are filled in by the test.
 */
	.text
	.globl	_start
_start:
	ldr	x0, tree
	mov	x1, xzr
	mov	x2, xzr
	mov	x3, xzr
	ldr	x16, entry
	br	x16
	.balign	8
tree:
	.quad	0
entry:
	.quad	0
