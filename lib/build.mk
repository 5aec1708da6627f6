# Its loops must not become calls of themselves.
CFLAGS_lib/memory.c = $(if $(findstring clang,$(CC)),-fno-builtin,-fno-tree-loop-distribute-patterns)
src += lib/memory.c lib/string.c lib/bits.c lib/printf.c lib/last_words.c lib/printk.c lib/symbols.c lib/random.c lib/stack_guard.c
src += lib/panic.c lib/report.c lib/spinlock.c lib/context.c lib/percpu.c lib/seq_file.c lib/cmdline.c lib/power.c
src += lib/irq.c lib/clock.c lib/sched/sched.c lib/sched/wait.c lib/sched/timeout.c lib/sched/mutex.c lib/sched/completion.c lib/smp.c
src += lib/firmware/boot_info.c lib/firmware/memory_map.c lib/firmware/pvh.c lib/firmware/efi.c lib/firmware/multiboot2.c lib/firmware/acpi.c lib/firmware/fdt.c lib/firmware/fdt_boot.c lib/firmware/fdt_device.c
src += lib/firmware/boot_nodes.c lib/firmware/boot_nodes_fake.c lib/firmware/acpi_nodes.c lib/firmware/fdt_machine.c
src += lib/stack_depot.c lib/fault_injection.c
src += lib/device.c
# Read at boot alone, but for what tests do with them.
boot_src += lib/firmware/pvh.c lib/firmware/efi.c lib/firmware/multiboot2.c lib/firmware/acpi.c lib/firmware/acpi_nodes.c lib/firmware/boot_nodes_fake.c lib/firmware/fdt_boot.c
boot_src += lib/firmware/fdt_machine.c lib/firmware/fdt_device.c lib/firmware/fdt.c lib/firmware/boot_nodes.c
