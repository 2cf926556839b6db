set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

option(METERHOUSE_WERROR "Warnings are errors" ON)
option(METERHOUSE_WEB "Build the web pages into the program (needs Node and npm)" ON)
option(METERHOUSE_FUZZ "Build the fuzz targets with libFuzzer (clang)" OFF)
set(METERHOUSE_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize= (address,undefined or thread)")

add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wshadow)
if(METERHOUSE_WERROR)
  add_compile_options(-Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports false positives of these in its own and Boost's headers when it inlines across coroutines.
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized> $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # Clang blames a program for the deprecated helpers that libstdc++ 12 itself uses in its sorts and merges.
  add_compile_options(-Wno-deprecated-declarations)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
endif()
if(METERHOUSE_SANITIZE)
  add_compile_options(-fsanitize=${METERHOUSE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${METERHOUSE_SANITIZE})
  if(METERHOUSE_SANITIZE MATCHES "thread")
    # ThreadSanitizer does not see fences, and GCC warns of them; Asio's handlers are ordered by its mutexes too.
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
      CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
  add_compile_options($<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-fpch-preprocess>)
endif()
if(METERHOUSE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)  # so that libFuzzer sees which branches an input takes
endif()
