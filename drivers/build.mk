src += drivers/console/console.c drivers/console/uart_16550.c drivers/console/pl011.c drivers/console/mini_uart.c
src += drivers/console/font.c drivers/console/text_screen.c drivers/console/framebuffer.c drivers/console/ps2_keyboard.c
src += drivers/video/fw_cfg.c drivers/video/ramfb.c
src += drivers/irq/irq.c
src += drivers/bcm/property.c drivers/bcm/mailbox.c drivers/bcm/board.c drivers/bcm/watchdog.c
