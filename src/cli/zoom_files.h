/// \file
/// What `stroma zoom` looks at, and the files it writes for it: person, course, what the joint as a
/// whole expects, and the tissue file.
#ifndef ST_CLI_ZOOM_FILES_H
#define ST_CLI_ZOOM_FILES_H

#include "cli.h"

#include "stroma/trial.h"

#include <limits.h>

/// What is looked at. Run defaults; `--set` changes them.
typedef struct st_zoom {
    st_ctx* ctx;
    const st_arguments* arguments;
    char out[PATH_MAX];
    char sources[PATH_MAX]; ///< folder for a while, where the run's own files are read again
    char place[64], arm_name[128];
    double edge_um, days;
    uint64_t seed;
    int arm;
    st_study* study;
    const st_model* model;
    st_single single; ///< what happened to the person
    int state_count, knot_count;
    double *day, *parameter, *input, *state;
    double* input_at;   ///< [knot_count][inputs] held from that knot on
    double* change_day; ///< [single.change_count]
} st_zoom;

/// Is a state of the model one of cells in the place that is looked at?
bool st_zoom_files_is_here(const st_zoom* z, int state);

/// Writes the folder's files; `share` of the place's volume is looked at.
st_status st_zoom_files_write(const st_zoom* z, double share);

#endif
