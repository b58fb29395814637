# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Lists the functions of LLVM-C, the shim and passes/library.h that our objects call, one STUB(name) a line, for
# llvm-shim/load.c. Run as: cmake -DNM=llvm-nm -DOBJECTS="a.o|b.o" -DOUT=FILE -P llvm-stubs.cmake
string(REPLACE "|" ";" OBJECTS "${OBJECTS}")
execute_process(COMMAND ${NM} -u -j ${OBJECTS} OUTPUT_VARIABLE undefined COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "(LLVM|shim_|myna_library_)[A-Za-z0-9_]+" functions "${undefined}")
list(REMOVE_DUPLICATES functions)
list(SORT functions)
list(TRANSFORM functions REPLACE "(.+)" "STUB(\\1)\n")
list(JOIN functions "" text)
# Left alone when nothing changed, so that load.c is not compiled again for each edit.
if(EXISTS ${OUT})
    file(READ ${OUT} old)
endif()
if(NOT "${old}" STREQUAL "${text}")
    file(WRITE ${OUT} "${text}")
endif()
