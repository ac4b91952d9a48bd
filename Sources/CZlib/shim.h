#ifndef NINEPIN_CZLIB_SHIM_H
#define NINEPIN_CZLIB_SHIM_H

#include <zlib.h>

/* inflateInit is a macro, which Swift cannot call. */
static inline int ninepin_inflate_init(z_stream *stream) {
    return inflateInit(stream);
}

#endif
