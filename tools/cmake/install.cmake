# `make install`: program, library, headers, models, examples, pkg-config file, man page, completion.

install(TARGETS stroma_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS stroma ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/stroma DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING
  PATTERN "*.h")
# The program looks for ../share/stroma/models from where it lies, so this folder is fixed.
foreach(folder models examples evidence)
  if(EXISTS ${CMAKE_SOURCE_DIR}/${folder})
    install(DIRECTORY ${folder} DESTINATION share/stroma)
  endif()
endforeach()
file(RELATIVE_PATH STROMA_PC_PREFIX "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
string(REGEX REPLACE "/$" "" STROMA_PC_PREFIX "${STROMA_PC_PREFIX}")
configure_file(tools/stroma.pc.in stroma.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/stroma.pc DESTINATION
  ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES docs/stroma.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES tools/completion/stroma.bash DESTINATION share/bash-completion/completions
  RENAME stroma)
install(FILES tools/completion/_stroma DESTINATION share/zsh/site-functions)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
