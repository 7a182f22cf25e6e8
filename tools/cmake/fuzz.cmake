# The document door under libFuzzer: only with clang, which brings it. `make fuzz` configures a
# folder of its own for it; there ctest runs it briefly (label fuzz), longer with FUZZ_SECONDS.

include(CheckCSourceCompiles)
set(CMAKE_REQUIRED_FLAGS "-fsanitize=fuzzer")
check_c_source_compiles("
  #include <stddef.h>
  #include <stdint.h>
  int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
  int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) { return data != 0 && size > 9; }
" ST_HAVE_FUZZER)
unset(CMAKE_REQUIRED_FLAGS)

if(ST_HAVE_FUZZER)
  set(FUZZ_SECONDS 20 CACHE STRING "Seconds that the fuzz test runs")
  file(GLOB FUZZ_SOURCES CONFIGURE_DEPENDS src/base/*.c src/model/*.c)
  list(FILTER FUZZ_SOURCES EXCLUDE REGEX "_test\\.c$")
  add_executable(model_fuzz EXCLUDE_FROM_ALL test/fuzz/model_fuzz.c ${FUZZ_SOURCES})
  target_compile_options(model_fuzz PRIVATE -O1 -fsanitize=fuzzer,address,undefined
    -fno-sanitize-recover=undefined)
  target_link_options(model_fuzz PRIVATE -fsanitize=fuzzer,address,undefined)
  target_link_libraries(model_fuzz PRIVATE stroma_options PkgConfig::FYAML PkgConfig::SLEEF
    PkgConfig::XXHASH PkgConfig::ZLIB Threads::Threads m)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/corpus)
  add_custom_target(fuzz
    COMMAND model_fuzz -max_total_time=${FUZZ_SECONDS} -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
      -dict=${CMAKE_SOURCE_DIR}/test/fuzz/model.dict ${CMAKE_BINARY_DIR}/corpus
      ${CMAKE_SOURCE_DIR}/models ${CMAKE_SOURCE_DIR}/examples/language
    DEPENDS model_fuzz USES_TERMINAL)
  if(STROMA_FUZZ_TEST)
    add_test(NAME model_fuzz COMMAND model_fuzz -max_total_time=${FUZZ_SECONDS} -timeout=10
      -dict=${CMAKE_SOURCE_DIR}/test/fuzz/model.dict ${CMAKE_BINARY_DIR}/corpus
      ${CMAKE_SOURCE_DIR}/models ${CMAKE_SOURCE_DIR}/examples/language)
    set_tests_properties(model_fuzz PROPERTIES LABELS fuzz TIMEOUT 600)
  endif()
endif()
