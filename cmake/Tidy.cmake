# The targets `tidy` (clang-tidy on all sources of app, core, ui and widgets) and `format` (clang-format on every C++ file, in place).

find_program(RUN_CLANG_TIDY NAMES run-clang-tidy run-clang-tidy-14)
find_program(CLANG_FORMAT clang-format)

if(RUN_CLANG_TIDY)
  # clang cannot read GCC's precompiled header, so the checks look at a build folder that is configured without one.
  set(tidy_dir ${CMAKE_BINARY_DIR}/tidy)
  add_custom_target(tidy
    COMMAND ${CMAKE_COMMAND} -S ${CMAKE_SOURCE_DIR} -B ${tidy_dir} -G Ninja
      -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DPATCHBAY_TESTS=OFF -DPATCHBAY_GUI=${PATCHBAY_GUI}
    COMMAND ${RUN_CLANG_TIDY} -quiet -p ${tidy_dir} -extra-arg=-Wno-unknown-warning-option -extra-arg=-Wno-ignored-optimization-argument
      "^${CMAKE_SOURCE_DIR}/(app|core|ui|widgets)/"
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} USES_TERMINAL VERBATIM
    COMMENT "clang-tidy")
endif()

if(CLANG_FORMAT)
  file(GLOB_RECURSE format_files CONFIGURE_DEPENDS
    ${CMAKE_SOURCE_DIR}/app/*.cpp ${CMAKE_SOURCE_DIR}/core/*.[ch]* ${CMAKE_SOURCE_DIR}/ui/*.[ch]* ${CMAKE_SOURCE_DIR}/widgets/*.[ch]*
    ${CMAKE_SOURCE_DIR}/tests/*.[ch]* ${CMAKE_SOURCE_DIR}/resources/*.cpp)
  list(FILTER format_files INCLUDE REGEX "\\.(h|cpp)$")
  add_custom_target(format
    COMMAND ${CLANG_FORMAT} -i ${format_files}
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} VERBATIM COMMENT "clang-format")
endif()
