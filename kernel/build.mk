src += kernel/main.c kernel/firmware.c kernel/trap.c kernel/procfs.c
src += kernel/shell/shell.c kernel/shell/line.c kernel/shell/commands.c kernel/shell/memory.c kernel/shell/pages.c kernel/shell/areas.c kernel/shell/cpus.c kernel/shell/crash.c kernel/shell/bench.c kernel/shell/board.c
src += kernel/shell/bench_pages.c kernel/shell/bench_slab.c kernel/shell/bench_virt.c
src += kernel/shell/tasks.c kernel/shell/reap.c
src += kernel/shell/slabs.c kernel/shell/devices.c $(if $(HOSTED),kernel/shell/bench_native.c)
