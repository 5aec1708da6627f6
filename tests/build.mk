test_src += tests/framework/ktest.c
