# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Flags of all parts.
if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang" OR CMAKE_C_COMPILER_VERSION VERSION_LESS 19)
    message(FATAL_ERROR "myna is built with clang 19 or newer (musttail in C, bitcode for LLVM 19); "
                        "this is ${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION}")
endif()

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "RelWithDebInfo or Debug" FORCE)
endif()

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# Assertions stay in: they guard against our own faults, and a guest cannot reach one.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
# -O1: at -O0 the interpreter spends a test's time on moving temporaries.
set(CMAKE_C_FLAGS_DEBUG "-O1 -g -fno-omit-frame-pointer")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g -fno-omit-frame-pointer")

add_compile_definitions(_GNU_SOURCE MYNA_VERSION="${PROJECT_VERSION}")
add_compile_options(-Wall -Wextra)
# Guest state and guest memory are read through several types: registers as 64, 32, 16 and 8 bits.
add_compile_options(-fno-strict-aliasing)
if(MYNA_WERROR)
    add_compile_options(-Werror)
endif()
if(MYNA_VERIFY_IR)
    add_compile_definitions(MYNA_VERIFY_IR=1)
endif()
if(MYNA_SANITIZE)
    # `function` reads the word before a callee's entry, which code from the JIT does not have.
    set(sanitize -fsanitize=address,undefined -fno-sanitize=function -fno-omit-frame-pointer)
    add_compile_definitions(MYNA_SANITIZE=1)
    add_compile_options(${sanitize} -fno-sanitize-recover=undefined)
    add_link_options(${sanitize})
endif()

include(CheckPIESupported)
check_pie_supported()
include(CheckLinkerFlag)
check_linker_flag(C -fuse-ld=lld MYNA_HAVE_LLD)
if(MYNA_HAVE_LLD)
    add_link_options(-fuse-ld=lld)
endif()

# Every part includes the others by their path from the root: #include "tcg/tcg.h".
include_directories(${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
