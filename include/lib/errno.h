/* SPDX-License-Identifier: MIT */
/* lib/errno.h - the error numbers in use, with Linux's values; functions return them negated. */
#pragma once

#define EPERM	   1
#define ENOENT	   2
#define EIO	   5
#define E2BIG	   7
#define EAGAIN	   11
#define ENOMEM	   12
#define EFAULT	   14
#define EBUSY	   16
#define EEXIST	   17
#define ENODEV	   19
#define EINVAL	   22
#define ENOSPC	   28
#define ERANGE	   34
#define ENOSYS	   38
#define EOVERFLOW  75
#define EOPNOTSUPP 95
