#include "stroma/procedure.h"

const char* st_cell_class_name(st_cell_class cell_class)
{
    static const char* const name[ST_CLASS_COUNT] = {
        "rbc",      "platelet", "neutrophil", "lymphocyte", "monocyte",
        "immature", "cfu_f",    "msc",        "other",
    };
    return (unsigned)cell_class < ST_CLASS_COUNT ? name[cell_class] : "";
}
