/* SPDX-License-Identifier: MIT */
/*
 * recorded.S - device trees as QEMU 7.2 hands them over, packed by dtc.
 *
 *	qemu-system-aarch64 -M virt,dumpdtb=a.dtb -cpu cortex-a57 -m 256 -kernel Image -append quiet
 *	qemu-system-aarch64 -M virt,gic-version=3,virtualization=on,dumpdtb=b.dtb -cpu cortex-a57 \
 *		-smp 4 -m 512 -numa node,nodeid=0,cpus=0-1,memdev=m0 -numa node,nodeid=1,cpus=2-3,memdev=m1 \
 *		(two -object memory-backend-ram of 256M) -kernel Image -initrd (300000 bytes) \
 *		-append "console=ttyAMA0 loglevel=7"
 *	dtc -I dtb -O dtb -o virt.dtb a.dtb; dtc -I dtb -O dtb -o numa.dtb b.dtb
 */
	.section .rodata, "a"
	.balign	8
	.globl	recorded_virt, recorded_virt_end, recorded_numa, recorded_numa_end
recorded_virt:
	.incbin	"tests/lib/firmware/virt.dtb"
recorded_virt_end:
	.balign	8
recorded_numa:
	.incbin	"tests/lib/firmware/numa.dtb"
recorded_numa_end:

	.section .note.GNU-stack, "", %progbits
