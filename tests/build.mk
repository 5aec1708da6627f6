test_src += tests/framework/ktest.c
test_src += tests/lib/string_test.c
test_src += tests/lib/printf_test.c
test_src += tests/lib/list_test.c
test_src += tests/kernel/line_test.c
