#ifndef NINEPIN_CLIBGIT2_SHIM_H
#define NINEPIN_CLIBGIT2_SHIM_H

#include <git2.h>
/* libgit2 1.8 moved git_error_set_str here. */
#if __has_include(<git2/sys/errors.h>)
#include <git2/sys/errors.h>
#endif
#include <git2/sys/repository.h>
#include <git2/sys/stream.h>
#include <git2/sys/transport.h>

/* git_libgit2_opts is variadic, which Swift cannot call. */
static inline int ninepin_git_set_strict_object_creation(int enabled) {
    return git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, enabled);
}

/* At least one of the two must be there. */
static inline int ninepin_git_set_certificates(const char *file, const char *directory) {
    return git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, file, directory);
}

/* libgit2 extends its structs by putting them first in a larger one, which Swift's layout does not promise. */
typedef struct {
    git_stream parent;
    void *owner;
} ninepin_git_stream;

typedef struct {
    git_smart_subtransport parent;
    void *owner;
} ninepin_git_subtransport;

typedef struct {
    git_smart_subtransport_stream parent;
    void *owner;
} ninepin_git_pipe;

#endif
