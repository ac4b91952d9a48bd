// Debian's libgit2.a was built with GSSAPI (RFC 2744), whose library has no static version in Debian. These functions replace it and report
// that the mechanism is unavailable. A server that offers only Kerberos is refused; all other ways to log in work as before.
enum { unavailable = 16u << 16 }; // GSS_S_UNAVAILABLE, RFC 2744, 3.9.1

void *GSS_C_NT_HOSTBASED_SERVICE = 0;

// No argument is read, so none is declared.
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
