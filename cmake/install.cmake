# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# `cmake --install build --prefix P`: the binary, the headers that passes and plugins include,
# the documents, the licence.
if(TARGET myna)
    install(TARGETS myna RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
# What a pass or a plugin author may include: the op table and types, guest state, interfaces.
foreach(dir tcg helpers passes plugins)
    if(IS_DIRECTORY ${PROJECT_SOURCE_DIR}/${dir})
        install(DIRECTORY ${PROJECT_SOURCE_DIR}/${dir}
                DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/myna
                FILES_MATCHING PATTERN "*.h")
    endif()
endforeach()
if(IS_DIRECTORY ${PROJECT_SOURCE_DIR}/docs)
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}
            FILES_MATCHING PATTERN "*.md")
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1
            FILES_MATCHING PATTERN "*.1")
endif()
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
