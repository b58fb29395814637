# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Picks clang-19 and ccache before project() looks for a compiler. CC, CXX and -DCMAKE_C_COMPILER
# win over it, and are then checked.
if(NOT CMAKE_C_COMPILER AND NOT DEFINED ENV{CC})
    find_program(MYNA_CLANG NAMES clang-19 PATHS /usr/lib/llvm-19/bin)
    if(NOT MYNA_CLANG)
        message(FATAL_ERROR "clang-19 not found. On Debian 12: apt install clang-19 "
                            "(scripts/demo installs all that is needed)")
    endif()
    set(CMAKE_C_COMPILER ${MYNA_CLANG} CACHE FILEPATH "C compiler")
endif()
if(NOT CMAKE_CXX_COMPILER AND NOT DEFINED ENV{CXX})
    find_program(MYNA_CLANGXX NAMES clang++-19 PATHS /usr/lib/llvm-19/bin)
    if(NOT MYNA_CLANGXX)
        message(FATAL_ERROR "clang++-19 not found. On Debian 12: apt install clang-19")
    endif()
    set(CMAKE_CXX_COMPILER ${MYNA_CLANGXX} CACHE FILEPATH "C++ compiler")
endif()

find_program(MYNA_CCACHE ccache)
mark_as_advanced(MYNA_CCACHE MYNA_CLANG MYNA_CLANGXX)
if(MYNA_CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER ${MYNA_CCACHE})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${MYNA_CCACHE})
endif()
