/// \file
/// Context, status and messages: the floor every room of Stroma stands on.
///
/// A `st_ctx` collects what went wrong, counts memory and may be asked to stop. One context serves
/// one thread at a time. The library never prints, never exits and owns no global state.
#ifndef STROMA_BASE_H
#define STROMA_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define ST_API            __attribute__((visibility("default")))
#define ST_PRINTF(at, va) __attribute__((format(printf, at, va)))
#else
#define ST_API
#define ST_PRINTF(at, va)
#endif

#define ST_VERSION_MAJOR 0
#define ST_VERSION_MINOR 1
#define ST_VERSION_PATCH 0

/// What a call that can fail returns. The command line maps these to exit statuses.
typedef enum st_status {
    ST_OK = 0,
    ST_ERR_INPUT,       ///< a file, a definition or an argument is wrong: exit status 2
    ST_ERR_NUMERIC,     ///< the numerics failed, time and place are in the message: exit status 3
    ST_ERR_FILE,        ///< a file could not be read or written, a disk is full: exit status 4
    ST_ERR_MEMORY,      ///< an allocation failed: exit status 4
    ST_ERR_INTERRUPTED, ///< the caller asked to stop: exit status 130
} st_status;

/// Most messages kept in a context; further ones are only counted.
#define ST_MESSAGE_LIMIT 20

typedef struct st_ctx st_ctx;

/// Version of the linked library as text, for example "0.1.0".
ST_API const char* st_version(void);

/// Makes a context. Returns NULL only when memory is out. Destroy with st_ctx_destroy().
ST_API st_ctx* st_ctx_create(void);

/// Frees the context. NULL is allowed. Everything allocated through it must have been freed before.
ST_API void st_ctx_destroy(st_ctx* ctx);

/// Number of messages kept (0 ... ST_MESSAGE_LIMIT), in the order in which they were reported.
ST_API int st_ctx_message_count(const st_ctx* ctx);

/// Number of messages reported, kept or not.
ST_API int st_ctx_mistake_count(const st_ctx* ctx);

/// Message `index`, without a trailing newline. Borrowed until the next report or clear.
ST_API const char* st_ctx_message(const st_ctx* ctx, int index);

/// Forgets all messages.
ST_API void st_ctx_clear_messages(st_ctx* ctx);

/// Bytes allocated through this context and not yet freed.
ST_API size_t st_ctx_bytes_in_use(const st_ctx* ctx);

/// Makes the n-th allocation from now fail (n >= 1), once; 0 switches that off. For tests.
ST_API void st_ctx_fail_allocation(st_ctx* ctx, int64_t n);

/// Asks long calls to stop at the next safe point with ST_ERR_INTERRUPTED.
/// `flag` is borrowed and may be set by a signal handler; NULL = never.
ST_API void st_ctx_watch(st_ctx* ctx, const volatile int* flag);

/// True once the watched flag is not zero.
ST_API bool st_ctx_should_stop(const st_ctx* ctx);

/// Short lower-case name of a status: "ok", "input", "numeric", "file", "memory", "interrupted".
ST_API const char* st_status_name(st_status status);

#endif
