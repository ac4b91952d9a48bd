// libcurl's setters and getters are variadic, and Swift calls no variadic C function: one inline function for each
// type of argument, named after it. The `_off_t` ones are 64 bits wide on every platform.
#ifndef NINEPIN_CLIBCURL_SHIM_H
#define NINEPIN_CLIBCURL_SHIM_H

#include <curl/curl.h>

static inline CURLcode ninepin_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ninepin_set_off_t(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

// libcurl copies the string.
static inline CURLcode ninepin_set_string(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

// libcurl keeps the pointer: what it points to must outlive the transfer.
static inline CURLcode ninepin_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

// The type of CURLOPT_WRITEFUNCTION.
typedef size_t (*ninepin_data_callback)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode ninepin_set_data_callback(CURL *easy, CURLoption option, ninepin_data_callback value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ninepin_get_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode ninepin_get_off_t(CURL *easy, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(easy, info, value);
}

// The string belongs to the handle.
static inline CURLcode ninepin_get_string(CURL *easy, CURLINFO info, const char **value) {
    return curl_easy_getinfo(easy, info, value);
}

#endif
