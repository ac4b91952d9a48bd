#ifndef NINEPIN_CKERNELLOG_SHIM_H
#define NINEPIN_CKERNELLOG_SHIM_H

// Of the C library, but not in Swift's module of it.
#include <sys/klog.h>

#endif
