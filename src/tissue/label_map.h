/// \file
/// Label maps from NIfTI-1 files, plain or compressed. Own reader: the library prints and aborts,
/// and what is needed is one header and one array of small integers.
#ifndef ST_TISSUE_LABEL_MAP_H
#define ST_TISSUE_LABEL_MAP_H

#include "base/base.h"

typedef struct st_nifti {
    uint8_t* label; ///< owned by the caller (st_alloc), x fastest, x towards the person's right,
                    ///< y to the front, z up (RAS), whatever the order in the file
    int size[3];
    double voxel_um[3];
    double origin_um[3]; ///< low corner in the scanner's frame
} st_nifti;

/// Reads `name`, relative to the folder of the file `beside`. Refused with numbers: orientations
/// that are not along the axes within 1 degree, voxels below 1 um or above 1 cm,
/// labels that are no whole numbers from 0 to 255, two orientations that differ in handedness.
st_status st_label_map_load(st_ctx* ctx, const char* beside, const char* name, st_nifti* out);

/// The same from memory; `path` stands for the file in messages.
st_status st_label_map_parse(st_ctx* ctx, const char* path, const unsigned char* data,
                             size_t length, st_nifti* out);

#endif
