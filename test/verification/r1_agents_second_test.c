// The other half of the scenes of r1_agents_test.c.                   AGT-1, AGT-2, AGT-3, AGT-4
#define R1_PART 1
#include "r1_agents_scenes.h"
