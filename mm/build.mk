src += mm/early/region.c mm/early/memblock.c mm/early/memblock_alloc.c mm/early/early.c
src += mm/early/bootmem_map.c mm/early/bootmem.c mm/early/handover.c
src += mm/pgtable/pgtable.c mm/pgtable/fixmap.c mm/pgtable/early_ioremap.c mm/pgtable/direct_map.c mm/pgtable/check.c
src += mm/page/page.c mm/page/zone.c mm/page/buddy.c mm/page/handover.c mm/page/misuse.c mm/page/page_alloc.c
src += mm/page/buddy_check.c mm/page/page_check.c
src += mm/percpu/percpu.c
src += mm/slab/kmem_cache.c mm/slab/$(SLAB).c $(wildcard mm/slab/$(SLAB)_*.c) mm/slab/kmalloc.c mm/slab/misuse.c
src += mm/init.c mm/verify.c mm/report.c mm/memmap.c mm/describe.c
