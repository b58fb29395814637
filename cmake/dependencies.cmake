# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# What myna links, each as one target:
#
#   PkgConfig::GLIB  PkgConfig::FFI  PkgConfig::URCU  myna::zydis  myna::llvm  PkgConfig::CMOCKA
#
# Package names for Debian stand in scripts/packages.sh, and nowhere else.
find_package(PkgConfig REQUIRED)
pkg_check_modules(GLIB REQUIRED IMPORTED_TARGET glib-2.0>=2.74)
pkg_check_modules(FFI REQUIRED IMPORTED_TARGET libffi>=3.4)
# liburcu-bp: its records of reading threads outlive fork(), when the threads do not.
pkg_check_modules(URCU REQUIRED IMPORTED_TARGET liburcu-bp)
# Header only: XXH_INLINE_ALL.
pkg_check_modules(XXHASH REQUIRED libxxhash>=0.8)
pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)
find_package(Threads REQUIRED)

# Debian's libzydis-dev has no .pc file, and its CMake files name targets that differ by version.
find_path(ZYDIS_INCLUDE_DIR Zydis/Zydis.h)
find_library(ZYDIS_LIBRARY Zydis)
find_library(ZYCORE_LIBRARY Zycore)
if(NOT ZYDIS_INCLUDE_DIR OR NOT ZYDIS_LIBRARY OR NOT ZYCORE_LIBRARY)
    message(FATAL_ERROR "Zydis 4 not found. On Debian 12: apt install libzydis-dev")
endif()
add_library(myna::zydis INTERFACE IMPORTED)
target_include_directories(myna::zydis INTERFACE ${ZYDIS_INCLUDE_DIR})
target_link_libraries(myna::zydis INTERFACE ${ZYDIS_LIBRARY} ${ZYCORE_LIBRARY})

# LLVM through llvm-config: LLVM's own CMake package asks for the development files of all that
# LLVM was built with (z3, libxml2, curl, ...), which myna does not need.
find_program(LLVM_CONFIG NAMES llvm-config-19 PATHS /usr/lib/llvm-19/bin)
if(NOT LLVM_CONFIG)
    message(FATAL_ERROR "llvm-config-19 not found. On Debian 12: apt install llvm-19-dev")
endif()
function(llvm_config out)
    execute_process(COMMAND ${LLVM_CONFIG} ${ARGN} OUTPUT_VARIABLE text
                    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    set(${out} "${text}" PARENT_SCOPE)
endfunction()
llvm_config(LLVM_VERSION --version)
llvm_config(LLVM_INCLUDE_DIR --includedir)
llvm_config(LLVM_LIB_DIR --libdir)
llvm_config(LLVM_BIN_DIR --bindir)
if(NOT LLVM_VERSION MATCHES "^19\\.")
    message(FATAL_ERROR "LLVM 19 is needed, ${LLVM_CONFIG} is of ${LLVM_VERSION}")
endif()
find_library(LLVM_LIBRARY NAMES LLVM-19 HINTS ${LLVM_LIB_DIR} REQUIRED)
add_library(myna::llvm INTERFACE IMPORTED)
target_include_directories(myna::llvm SYSTEM INTERFACE ${LLVM_INCLUDE_DIR})
target_link_libraries(myna::llvm INTERFACE ${LLVM_LIBRARY})

message(STATUS "myna: LLVM ${LLVM_VERSION}, Zydis ${ZYDIS_LIBRARY}, "
               "glib ${GLIB_VERSION}, ffi ${FFI_VERSION}, urcu ${URCU_VERSION}")
