# Loam: `make run` boots to a prompt, `make test` proves every floor, `make help` lists the rest.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.SUFFIXES:

ARCH    ?= x86_64
SLAB    ?= slab
PROFILE ?= debug
TESTS   ?= 1

# A wrong value is refused with the list of right ones.
one_of = $(if $(filter-out $(2),$($(1))),$(error $(1)=$($(1)) is not known; $(1) is one of: $(2)))$(if $(strip $($(1))),,$(error $(1) is empty; it is one of: $(2)))
arches   := x86_64 aarch64 hosted
slabs    := $(filter slab slub,$(patsubst mm/slab/%.c,%,$(wildcard mm/slab/*.c)))
profiles := release debug paranoid
$(call one_of,ARCH,$(arches))
$(call one_of,SLAB,$(slabs))
$(call one_of,PROFILE,$(profiles))
$(call one_of,TESTS,0 1)

OUT := out/$(ARCH)-$(SLAB)-$(PROFILE)$(if $(filter 0,$(TESTS)),-notests)

# --- what is built, in the order in which it is read -------------------------
src :=
boot_src :=
test_src :=
include arch/$(ARCH)/build.mk lib/build.mk mm/build.mk drivers/build.mk kernel/build.mk
ifeq ($(TESTS),1)
include tests/build.mk
src += $(test_src)
endif
objects := $(patsubst %,$(OUT)/obj/%.o,$(basename $(src)))

# --- how --------------------------------------------------------------------
CC      ?= $(TRIPLET)-gcc
ifeq ($(origin CC),default)
CC      := $(TRIPLET)-gcc
endif
LD      := $(TRIPLET)-ld
NM      := $(TRIPLET)-nm
OBJCOPY := $(TRIPLET)-objcopy
PYTHON  := /usr/bin/python3

debug_of_release  := 0
debug_of_debug    := 1
debug_of_paranoid := 1
config := -DCONFIG_DEBUG=$(if $(HOSTED),$(if $(filter release-0,$(PROFILE)-$(TESTS)),0,1),$(debug_of_$(PROFILE))) -DCONFIG_PARANOID=$(if $(filter paranoid,$(PROFILE)),1,0) \
	  -DCONFIG_TESTS=$(TESTS) -DCONFIG_HOSTED=$(if $(HOSTED),1,0) -DCONFIG_SLUB=$(if $(filter slub,$(SLAB)),1,0) -DCONFIG_SLAB_NAME='"$(SLAB)"' -DCONFIG_PROFILE_NAME='"$(PROFILE)"'
warnings := -Wall -Wextra -Werror -Wundef -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wno-sign-compare -Wno-format-zero-length
CPPFLAGS := -Iinclude -Iarch/$(ARCH)/include $(config)
CFLAGS   := -std=gnu17 -O2 -g -ffreestanding -fno-strict-aliasing -fno-delete-null-pointer-checks -fno-omit-frame-pointer \
	    -fno-common $(if $(HOSTED),,-ftrivial-auto-var-init=zero -fstack-usage) -fno-asynchronous-unwind-tables $(if $(filter-out release,$(PROFILE)),-fno-optimize-sibling-calls) $(warnings) $(ARCH_CFLAGS)

.PHONY: all
all: $(KERNEL)

# Files whose code only the boot runs and tests call: without tests it goes with the boot (include/lib/init.h).
boot_only := $(if $(filter 0,$(TESTS)),$(boot_src))
to_init    = $(if $(filter $<,$(boot_only)),@$(OBJCOPY) --rename-section .text=.init.text --rename-section .text.unlikely=.init.text $@)

$(OUT)/obj/%.o: %.c $(OUT)/flags
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) $(CFLAGS) $(CFLAGS_$<) $(if $(filter $<,$(boot_only)),-fno-jump-tables) -MMD -MP -c -o $@ $<
	$(to_init)

$(OUT)/obj/%.o: %.S $(OUT)/flags
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) -D__ASSEMBLER__ $(ARCH_CFLAGS) -g -MMD -MP -c -o $@ $<

$(OUT)/linker.ld: linker.ld $(OUT)/flags
	@$(CC) -E -P -x c $(CPPFLAGS) -MMD -MP -MT $@ -o $@ $<

# Other flags or files than last time: build anew.
$(OUT)/flags: .FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(src) $(boot_only)' | cmp -s - $@ || echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(src) $(boot_only)' > $@
.PHONY: .FORCE
.FORCE:

# The symbol table is linked in last: once empty, once to learn its size, once with the final addresses.
LINK ?= $(LD) -nostdlib -z noexecstack -z max-page-size=4096 --no-warn-rwx-segments --build-id=none -T $(OUT)/linker.ld $(ARCH_LDFLAGS)
link_libs ?= $(shell $(CC) -print-libgcc-file-name)
symbols_object = $(CC) $(CPPFLAGS) $(ARCH_CFLAGS) -c -x assembler
$(OUT)/loam.elf: $(objects) $(OUT)/linker.ld tools/symbols
	@tools/symbols < /dev/null > $(OUT)/symbols0.s && $(symbols_object) -o $(OUT)/symbols0.o $(OUT)/symbols0.s
	@$(LINK) -o $(OUT)/loam0.elf $(objects) $(OUT)/symbols0.o $(link_libs)
	@$(NM) -n $(OUT)/loam0.elf | tools/symbols > $(OUT)/symbols1.s && $(symbols_object) -o $(OUT)/symbols1.o $(OUT)/symbols1.s
	@$(LINK) -o $(OUT)/loam1.elf $(objects) $(OUT)/symbols1.o $(link_libs)
	@$(NM) -n $(OUT)/loam1.elf | tools/symbols > $(OUT)/symbols2.s && $(symbols_object) -o $(OUT)/symbols2.o $(OUT)/symbols2.s
	@$(LINK) -o $@ $(objects) $(OUT)/symbols2.o $(link_libs)
	@echo "  built $@"

# --- what a person types ------------------------------------------------------
MACHINE ?=
BOOT    ?=
GUI     ?= 0
$(call one_of,GUI,0 1)
MEM     ?= 256M
SMP     ?= 1
NODES   ?= 1
APPEND  ?=
CMD     ?=
HIGHMEM ?= 64M

# Some memory is kept out of the direct map, so that the picture has all its regions; APPEND may say otherwise.
append = $(strip $(if $(findstring highmem=,$(APPEND)),,highmem=$(HIGHMEM)) $(APPEND))
machine = --arch $(ARCH) --kernel $(KERNEL) --machine '$(MACHINE)' --boot '$(BOOT)' --mem '$(MEM)' --smp '$(SMP)' --nodes '$(NODES)' --append '$(append)' $(if $(filter 1,$(GUI)),--gui)
build = $(MAKE) --no-print-directory ARCH=$(ARCH) SLAB=$(SLAB) PROFILE=$(PROFILE)

# What a start through GRUB takes besides.
loader = $(if $(filter bios uefi,$(BOOT)),iso) $(if $(filter raspi%,$(MACHINE)),board)

.PHONY: run debug iso pi pi-chain test test-firmware mutants check bench fuzz soak clean help
run:
	@tools/setup run $(loader)
ifeq ($(ARCH),hosted)
	@$(build) all
	@$(KERNEL) $(if $(MACHINE),--machine '$(MACHINE)') $(append) $(if $(CMD),run='"$(CMD)"'); test $$? = 16
else
	@tools/qemu.py show $(machine) > /dev/null
	@$(build) all
	@tools/qemu.py run $(machine) --cmd '$(CMD)'
endif

debug:
	@tools/setup debug $(loader)
	@$(build) all
	@tools/qemu.py debug $(machine) --elf $(OUT)/loam.elf

iso:
	$(if $(filter-out x86_64,$(ARCH)),$(error GRUB starts ARCH=x86_64 only))
	@tools/setup iso
	@$(build) all
	@tools/iso --all-modules out/loam.iso $(KERNEL) < tools/grub.cfg
	@printf '%s\n' 'out/loam.iso boots PCs by BIOS and by UEFI (Secure Boot off). Its menu:' ''
	@sed -n 's/^menuentry "\(.*\)".*/  \1/p' tools/grub.cfg
	@printf '%s\n' '' 'To put it on a USB stick, find the stick with `lsblk` (say sdX, the whole disk), then, losing all that is on it:' \
		'' '  sudo dd if=out/loam.iso of=/dev/sdX bs=4M conv=fsync status=progress' '' \
		'docs/BOOT.md says what happens then and what to do when nothing does.'

pi:
	@tools/setup run
	@$(MAKE) --no-print-directory ARCH=aarch64 SLAB=$(SLAB) PROFILE=$(PROFILE) all
	@tools/pi image out/aarch64-$(SLAB)-$(PROFILE)$(if $(filter 0,$(TESTS)),-notests)/Image

pi-chain:
	@tools/setup run
	@tools/pi chain

test:
	@tools/setup test
	@tests/run

check:
	@tools/setup test
	@tools/check

# Generated firmware, hundreds of boots: SEED=N draws others.
BOOTS ?= 320
SEED  ?= 1
test-firmware:
	@tools/setup test
	@$(MAKE) --no-print-directory ARCH=x86_64 SLAB=$(SLAB) all
	@$(MAKE) --no-print-directory ARCH=aarch64 SLAB=$(SLAB) all
	@tests/boot/firmware_soak.py --boots $(BOOTS) --seed $(SEED)

# Planted bugs, each of which one named test must notice.
MUTANTS ?=
mutants:
	@tools/setup test
	@tests/mutants/run $(MUTANTS)

bench:
ifeq ($(ARCH),hosted)
	@tools/setup bench
	@SLAB=$(SLAB) tools/bench_native.py
else
	@tools/setup test
	@SLAB=$(SLAB) tools/bench
endif

# Random requests beside a model, a seed a round; SEED=N is the first.
SOAK_S ?= 60
soak:
	@tools/setup test
	@$(MAKE) --no-print-directory ARCH=hosted SLAB=$(SLAB) PROFILE=$(PROFILE) all
	@tests/soak $(SOAK_S) $(SEED) out/hosted-$(SLAB)-$(PROFILE)/loam-hosted

FUZZ_S ?= 60
fuzz:
	@tools/setup fuzz
	@tests/fuzz/run $(FUZZ_S)

clean:
	rm -rf out

help:
	@sed -n 's/^#? \?//p' Makefile

#? make run      boot to the prompt      make test    prove every floor
#? make debug    QEMU waits for gdb      make check   floors, headers, format, tour, warnings
#? make bench    count instructions      make clean   remove out/
#? make bench ARCH=hosted  time kmalloc natively beside mimalloc, jemalloc and tcmalloc (ROUNDS=9)
#? make test-firmware  boot firmware that lies, BOOTS=320 times, drawn from SEED=1
#? make fuzz     invent firmware for each parser for FUZZ_S=60 seconds, and judge what it reads by a model
#? make mutants  plant each bug of tests/mutants (or MUTANTS='fault-B*') in a copy: its test must fail
#? make soak     random requests to the allocators beside a model, SOAK_S=60 seconds, from SEED=1 on
#? make iso      a disc or stick for PCs  make pi, pi-chain   a card for Raspberry Pis
#?
#? Variables, with the first as the default:
#?   ARCH=x86_64|aarch64|hosted   SLAB=slab|slub   PROFILE=debug|release|paranoid   TESTS=1|0
#?   MACHINE=q35|pc|microvm (x86_64), virt|virt-el2|virt-gicv3|virt-el3|raspi3b|raspi4b (aarch64)   BOOT=pvh|bios|uefi (x86_64), image (aarch64)
#?   MEM=256M   SMP=1   NODES=1   HIGHMEM=64M (that much of the top of memory is left out of the direct map)
#?   SAN=address,undefined|thread|wrap|none (hosted: which sanitizer; wrap: unsigned arithmetic too, but for tests/unsigned-wrap.allow)
#?   GUI=0|1 (a window with the screen, and a keyboard on PCs)
#?   APPEND="words for the kernel's command line"   CMD="commands; at the prompt", then power off
#? Example: make run ARCH=aarch64 CMD="memmap; cat /proc/buddyinfo"

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
