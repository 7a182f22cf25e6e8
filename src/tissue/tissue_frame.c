#include "tissue/state.h"

st_tissue_frame st_tissue_frame_of(const st_tissue* tissue)
{
    st_tissue_frame frame;
    for (int axis = 0; axis < 3; axis++) {
        frame.origin_um[axis] = tissue->origin_um[axis];
        frame.voxel_um[axis] = tissue->voxel_um[axis];
        frame.size[axis] = tissue->size[axis];
    }
    return frame;
}
