# x86_64: one ELF64 for PVH loaders, in the order in which the machine runs it.
TRIPLET := x86_64-linux-gnu
KERNEL  := $(OUT)/loam.elf
ARCH_CFLAGS  := -mno-red-zone -mgeneral-regs-only -mcmodel=kernel -fno-pic -fcf-protection=none -fstack-protector-strong -mstack-protector-guard=global
ARCH_LDFLAGS := -m elf_x86_64

src += arch/x86_64/start.S arch/x86_64/boot.c arch/x86_64/descriptors.c arch/x86_64/cpu.c
src += arch/x86_64/trap_entry.S arch/x86_64/trap.c arch/x86_64/stack.c
src += arch/x86_64/context_switch.S arch/x86_64/context.c
src += arch/x86_64/tlb.c arch/x86_64/memory.c arch/x86_64/pte_words.c arch/x86_64/port.c
src += drivers/irq/local_apic.c drivers/timer/local_apic_timer.c
test_src += tests/arch/x86_64_test.c
