src += drivers/console/console.c drivers/console/uart_16550.c drivers/console/pl011.c drivers/console/mini_uart.c
