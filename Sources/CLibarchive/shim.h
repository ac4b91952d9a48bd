#ifndef NINEPIN_CLIBARCHIVE_SHIM_H
#define NINEPIN_CLIBARCHIVE_SHIM_H

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

// LC_CTYPE_MASK is a macro that Swift does not see.
static inline locale_t ninepin_utf8_locale(void) {
    return newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

#endif
