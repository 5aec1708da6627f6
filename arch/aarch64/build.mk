# The aarch64 port, in reading order: how it is entered, what it promises, what may go wrong.
TRIPLET := aarch64-linux-gnu
KERNEL  := $(OUT)/Image

# No SIMD registers, no unaligned access (memory is Device before the MMU is on), atomics without libgcc.
ARCH_CFLAGS  := -mgeneral-regs-only -mstrict-align -mno-outline-atomics -fno-pic -fno-pie -fstack-protector-strong -mstack-protector-guard=global
ARCH_LDFLAGS := --fix-cortex-a53-843419

src += arch/aarch64/boot.S arch/aarch64/start.c
src += arch/aarch64/cpu.c arch/aarch64/memory.c arch/aarch64/pte_words.c
src += arch/aarch64/vectors.S arch/aarch64/trap.c arch/aarch64/stack.c
src += arch/aarch64/context_switch.S arch/aarch64/context.c
src += arch/aarch64/firmware_calls.S arch/aarch64/power.c arch/aarch64/console.c

# What a loader reads: the loaded part alone, from the 64-byte header on.
$(OUT)/Image: $(OUT)/loam.elf
	@$(OBJCOPY) -O binary $< $@
src += drivers/irq/arm.c drivers/irq/gic_v2.c drivers/irq/gic_v3.c drivers/irq/bcm2836.c drivers/timer/arm_generic.c
test_src += tests/arch/aarch64_test.c
