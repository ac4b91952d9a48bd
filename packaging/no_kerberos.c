// Debian's libgit2.a was built with GSSAPI (RFC 2744), whose library has no static form in Debian. These stand in its place and say that the
// mechanism is not available: a server that asks for Kerberos and nothing else is refused, and all other ways to log in are as they were.
enum { unavailable = 16u << 16 }; // GSS_S_UNAVAILABLE, RFC 2744, 3.9.1

void *GSS_C_NT_HOSTBASED_SERVICE = 0;

// No argument is looked at, so none is declared.
#define REFUSE(name) \
    unsigned int name(void) { return unavailable; }

REFUSE(gss_delete_sec_context)
REFUSE(gss_display_status)
REFUSE(gss_import_name)
REFUSE(gss_indicate_mechs)
REFUSE(gss_init_sec_context)
REFUSE(gss_release_buffer)
REFUSE(gss_release_name)
REFUSE(gss_release_oid_set)
