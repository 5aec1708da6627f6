# The hosted machine: a Linux process on whatever CPU this is.
#	SAN=address,undefined	the default of PROFILE=debug and paranoid
#	SAN=thread | SAN=none	SAN=none is the default of PROFILE=release
#	SAN=wrap		by clang: unsigned arithmetic of mm/ and lib/ that wraps ends the machine, but for what
#				tests/unsigned-wrap.allow names
# thread and wrap are built beside the others, in folders of their own.
.DEFAULT_GOAL := all
HOSTED  := 1
TRIPLET := $(shell cc -dumpmachine)
KERNEL   = $(OUT)/loam-hosted
SAN     ?= $(if $(filter release,$(PROFILE)),none,address,undefined)
OUT := $(OUT)$(addprefix -,$(filter thread wrap,$(SAN)))
ifeq ($(SAN),wrap)
CC  := clang
# With the list's checksum in the flags another list builds anew.
sanitize := -fsanitize=unsigned-integer-overflow,unsigned-shift-base,signed-integer-overflow,shift -fno-sanitize-recover=all \
	    -fsanitize-ignorelist=tests/unsigned-wrap.allow -DALLOWED=$(firstword $(shell cksum < tests/unsigned-wrap.allow))
else
# A null pointer faults by itself, and the kernel's own report is the one to see.
sanitize := $(if $(filter none,$(SAN)),,-fsanitize=$(SAN) -fno-sanitize=null -fno-sanitize-recover=all)
endif

# Of two builds one can be a twentieth slower only because a loop lies across a line of the host's cache: what is timed is aligned.
hosted_align := -falign-functions=64 -falign-loops=32

# Sanitized code confuses gcc about what is initialised.
ARCH_CFLAGS = -fno-pie $(if $(sanitize),$(if $(findstring clang,$(CC)),,-Wno-maybe-uninitialized $(if $(findstring thread,$(SAN)),-Wno-tsan))) -DHOSTED_ASAN=$(if $(findstring address,$(SAN)),1,0) -DHOSTED_TSAN=$(if $(findstring thread,$(SAN)),1,0) $(sanitize) $(if $(sanitize),,$(hosted_align))
hosted_host := arch/hosted/os_host_$(firstword $(subst -, ,$(TRIPLET))).c
hosted_os   := arch/hosted/os.c arch/hosted/os_memory.c arch/hosted/os_cpu.c arch/hosted/os_console.c \
	       arch/hosted/os_runner.c $(hosted_host)
$(foreach file,$(hosted_os),$(eval CFLAGS_$(file) := -fhosted -D_GNU_SOURCE))

src += arch/hosted/machines.c arch/hosted/boot.c arch/hosted/mmu.c arch/hosted/pte_words.c arch/hosted/cpu.c arch/hosted/trap.c arch/hosted/interrupts.c $(hosted_os)
src += drivers/irq/hosted.c

# The sanitizers bring a memcpy that checks; ours would take its place.
hosted_left_out := $(if $(sanitize),lib/memory.c)
hosted_objects   = $(filter-out $(patsubst %.c,$(OUT)/obj/%.o,$(hosted_left_out)),$(objects))

hosted_symbols = $(CC) -c -x assembler
hosted_link = $(CC) -no-pie $(sanitize) -pthread -Wl,-z,max-page-size=4096,-z,separate-code,--build-id=none -Wl,-T,arch/hosted/link.ld
.SECONDEXPANSION:
$(OUT)/loam-hosted: $$(hosted_objects) arch/hosted/link.ld arch/hosted/build.mk tools/symbols
	@tools/symbols < /dev/null > $(OUT)/symbols0.s && $(hosted_symbols) -o $(OUT)/symbols0.o $(OUT)/symbols0.s
	@$(hosted_link) -o $(OUT)/loam0 $(hosted_objects) $(OUT)/symbols0.o
	@$(NM) -n $(OUT)/loam0 | tools/symbols > $(OUT)/symbols1.s && $(hosted_symbols) -o $(OUT)/symbols1.o $(OUT)/symbols1.s
	@$(hosted_link) -o $(OUT)/loam1 $(hosted_objects) $(OUT)/symbols1.o
	@$(NM) -n $(OUT)/loam1 | tools/symbols > $(OUT)/symbols2.s && $(hosted_symbols) -o $(OUT)/symbols2.o $(OUT)/symbols2.s
	@$(hosted_link) -o $@ $(hosted_objects) $(OUT)/symbols2.o
	@echo "  built $@"
