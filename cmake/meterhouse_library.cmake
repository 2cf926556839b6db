# meterhouse_library(NAME SOURCES … TESTS … DEPS … LINK …) declares a folder's static library mh_NAME and, where it has
# tests, the program NAME_test whose cases ctest lists one by one. DEPS are other folders, LINK is what comes from outside.
include(GoogleTest)

function(meterhouse_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;TESTS;DEPS;LINK;TEST_DEPS" ${ARGN})
  set(deps ${ARG_DEPS})
  list(TRANSFORM deps PREPEND mh_)
  if(ARG_SOURCES)
    add_library(mh_${name} STATIC ${ARG_SOURCES})
    set(scope PUBLIC)
    target_precompile_headers(mh_${name} PRIVATE <algorithm> <cstdint> <functional> <map> <memory> <optional> <span> <string> <string_view> <vector> <chrono> <fmt/format.h>)
  else()
    add_library(mh_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(mh_${name} ${scope} ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(mh_${name} ${scope} ${deps} ${ARG_LINK} fmt::fmt)
  if(ARG_TESTS)
    meterhouse_test(${name}_test SOURCES ${ARG_TESTS} DEPS ${name} ${ARG_TEST_DEPS})
  endif()
endfunction()

# The groups of tests that ./test.sh builds and runs one by one: <group>_tests builds them, the ctest label <group> runs them.
foreach(group unit e2e base store service http)
  add_custom_target(${group}_tests)
endforeach()

# meterhouse_test(NAME SOURCES … DEPS … [LABEL …]) declares a test program. Below src/ its cases carry the labels `unit` and
# the folder's name (base, store, …), elsewhere `e2e`; LABEL adds more, `slow` for what the everyday suite leaves out.
function(meterhouse_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LINK;LABEL" ${ARGN})
  set(deps ${ARG_DEPS})
  list(TRANSFORM deps PREPEND mh_)
  set(CMAKE_CXX_CLANG_TIDY "")
  add_executable(${name} ${ARG_SOURCES})
  target_precompile_headers(${name} PRIVATE <gmock/gmock.h> <gtest/gtest.h> <fmt/format.h> <map> <memory> <optional> <string> <vector>)
  target_link_libraries(${name} PRIVATE ${deps} ${ARG_LINK} ${RAPIDCHECK_LIBRARY} GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE METERHOUSE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600)
  meterhouse_test_groups(${name} ${ARG_LABEL})
endfunction()

# Puts a test program into its groups. gtest_discover_tests takes no list of labels: they are set when ctest starts.
function(meterhouse_test_groups name)
  set(groups e2e)
  file(RELATIVE_PATH below_src ${PROJECT_SOURCE_DIR}/src ${CMAKE_CURRENT_SOURCE_DIR})
  if(NOT below_src MATCHES "^\\.\\.")
    string(REGEX MATCH "^[^/]+" folder "${below_src}")
    set(groups unit ${folder})
  endif()
  foreach(group ${groups})
    if(TARGET ${group}_tests)
      add_dependencies(${group}_tests ${name})
    endif()
  endforeach()
  set(labels ${groups} ${ARGN})
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake
    "foreach(test IN LISTS ${name}_TESTS)\n"
    "  set_tests_properties(\"\${test}\" PROPERTIES LABELS \"${labels}\")\n"
    "endforeach()\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake)
endfunction()
