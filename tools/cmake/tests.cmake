# Tests. One ctest per src/<room>/x_test.c, test/<subject>/x_test.c (cmocka) and
# test/<subject>/x_test.sh (bash, with $STROMA, $ST_SOURCE_DIR and $ST_BUILD_DIR set).
#
# A test that needs a program or library which is not installed ends with status 77 and is listed
# as skipped. With STROMA_CI=1 in the environment at configuration, a skip is a failure.

enable_testing()
pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)
if(NOT CMOCKA_FOUND)
  message(NOTICE "cmocka was not found (Debian: libcmocka-dev): the C tests are not built")
endif()

# CVODE is the independent oracle of the population engine; only tests named *cvode*_test link it.
find_path(CVODE_INCLUDE cvode/cvode.h)
set(CVODE_LIBRARIES "")
set(ST_HAVE_CVODE ON)
foreach(part cvode nvecserial sunmatrixdense sunlinsoldense)
  find_library(CVODE_${part} NAMES sundials_${part})
  if(NOT CVODE_${part})
    set(ST_HAVE_CVODE OFF)
  endif()
  list(APPEND CVODE_LIBRARIES ${CVODE_${part}})
endforeach()
if(NOT CVODE_INCLUDE)
  set(ST_HAVE_CVODE OFF)
endif()
mark_as_advanced(CVODE_INCLUDE CVODE_cvode CVODE_nvecserial CVODE_sunmatrixdense
  CVODE_sunlinsoldense)

# Skipping, where a missing oracle may be skipped at all.
function(st_describe_test name)
  set_tests_properties(${name} PROPERTIES TIMEOUT 600 ENVIRONMENT
    "STROMA=$<TARGET_FILE:stroma_cli>;ST_SOURCE_DIR=${CMAKE_SOURCE_DIR};ST_BUILD_DIR=${CMAKE_BINARY_DIR}")
  if("$ENV{STROMA_CI}" STREQUAL "1")
    set_tests_properties(${name} PROPERTIES FAIL_REGULAR_EXPRESSION "SKIPPED +. [1-9]")
  else()
    set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77)
  endif()
endfunction()

function(st_add_c_test source)
  get_filename_component(name ${source} NAME_WE)
  if(name MATCHES "cvode" AND NOT ST_HAVE_CVODE)
    add_test(NAME ${name} COMMAND sh -c
      "echo 'CVODE is not installed (Debian: libsundials-dev)'; exit 77")
    st_describe_test(${name})
    return()
  endif()
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE stroma PkgConfig::CMOCKA)
  target_compile_definitions(${name} PRIVATE ST_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  if(source MATCHES "/src/cli/")
    target_link_libraries(${name} PRIVATE stroma_commands)
  endif()
  if(name MATCHES "cvode")
    target_compile_definitions(${name} PRIVATE ST_HAVE_CVODE)
    target_include_directories(${name} SYSTEM PRIVATE ${CVODE_INCLUDE})
    target_link_libraries(${name} PRIVATE ${CVODE_LIBRARIES})
  endif()
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
  st_describe_test(${name})
endfunction()

function(st_add_script_test source)
  get_filename_component(name ${source} NAME_WE)
  add_test(NAME ${name} COMMAND bash ${source} WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
  st_describe_test(${name})
endfunction()

file(GLOB TEST_SOURCES CONFIGURE_DEPENDS src/*/*_test.c src/*/*/*_test.c test/*/*_test.c)
if(CMOCKA_FOUND)
  foreach(source IN LISTS TEST_SOURCES)
    st_add_c_test(${source})
  endforeach()
endif()
file(GLOB TEST_SCRIPTS CONFIGURE_DEPENDS test/*/*_test.sh)
foreach(source IN LISTS TEST_SCRIPTS)
  st_add_script_test(${source})
endforeach()
