// One half of the scenes of verification R1 with single cells.        AGT-1, AGT-2, AGT-3, AGT-4
#define R1_PART 0
#include "r1_agents_scenes.h"
