/// \file
/// Private: the folder of a run: made when missing, locked while written, made durable.
#ifndef ST_REPORT_FOLDER_H
#define ST_REPORT_FOLDER_H

#include "base/base.h"

/// Makes `dir` and its missing parents. *made_from is the length of the topmost path that was made,
/// 0 when all was there.
st_status st_folder_make(st_ctx* ctx, const char* dir, size_t* made_from);

/// Takes back what st_folder_make() made, as far as it is empty.
void st_folder_unmake(const char* dir, size_t made_from);

/// Locks `lock_path` for this process. ST_ERR_INPUT when another run holds it.
st_status st_folder_lock(st_ctx* ctx, const char* dir, const char* lock_path, int* fd);

/// Removes the lock file, then lets go of it.
void st_folder_unlock(const char* lock_path, int fd);

/// Forces a file or a folder onto the disk.
st_status st_folder_sync(st_ctx* ctx, const char* path);

/// Joins folder and name; owned by the caller (st_alloc). NULL when memory is out.
char* st_folder_path(st_ctx* ctx, const char* dir, const char* name);

#endif
