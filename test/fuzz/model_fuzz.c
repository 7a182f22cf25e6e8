// libFuzzer's way in; built with clang and -fsanitize=fuzzer (`make fuzz`).
#include "door.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    st_fuzz_door(data, size);
    return 0;
}
