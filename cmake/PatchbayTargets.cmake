# Settings that every target shares, and the helpers that make the house's libraries and tests.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # A precompiled header is only cacheable with these; the base directory lets checkouts share hits.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
endif()

add_library(patchbay_settings INTERFACE)
target_compile_options(patchbay_settings INTERFACE -Wall -Wextra -Werror $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>
  # False alarms of GCC 12 in its own string headers.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds>)
if(PATCHBAY_SANITIZE)
  target_compile_options(patchbay_settings INTERFACE
    -fsanitize=${PATCHBAY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1
    # Instrumented std::regex looks uninitialised to GCC 12.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(patchbay_settings INTERFACE -fsanitize=${PATCHBAY_SANITIZE})
endif()

if(PATCHBAY_FUZZ)
  target_compile_options(patchbay_settings INTERFACE -fsanitize=fuzzer-no-link)
endif()

# The programs link their libraries statically: one file each, wherever it is copied. Under a sanitizer they are for the tests alone, and a hundred
# test programs, each with its own copy of instrumented code, would take ten gigabytes: there they share one. (The fuzz targets have to be static:
# libFuzzer's own functions are in the program.)
set(patchbay_library_type STATIC)
if(PATCHBAY_SANITIZE AND NOT PATCHBAY_FUZZ)
  set(patchbay_library_type SHARED)
endif()

# patchbay_library(NAME [SOURCES…]): a library from these files; without any, from all of the current folder and its sub-folders.
function(patchbay_library name)
  set(sources ${ARGN})
  if(NOT sources)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp ${CMAKE_CURRENT_SOURCE_DIR}/*.h)
  endif()
  add_library(${name} ${patchbay_library_type} ${sources})
  target_include_directories(${name} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE patchbay_settings)
  set_target_properties(${name} PROPERTIES UNITY_BUILD ${PATCHBAY_UNITY} UNITY_BUILD_BATCH_SIZE 6)
endfunction()

# What a test needs around it. The locale is the caller's, since no number may depend on it; only texts of the system (errno's) stay English. Threads that wait do so asleep: on a machine with other work they would spin in the way of those that compute.
# Qt's watchdog, which ends a check after five minutes, leaves that to CTest. Debian's LibTorch, OpenBLAS and ICU are not instrumented: what they
# keep until exit and the symbols that they define twice are not ours to report, everything else is.
set(patchbay_test_environment
  QT_QPA_PLATFORM=offscreen
  LANGUAGE=en
  OMP_WAIT_POLICY=passive
  QTEST_FUNCTION_TIMEOUT=900000
  ASAN_OPTIONS=detect_leaks=0:detect_odr_violation=0:detect_stack_use_after_return=1
  UBSAN_OPTIONS=print_stacktrace=1
  TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/packaging/sanitizers/tsan.supp:ignore_noninstrumented_modules=1)
if(PATCHBAY_SANITIZE MATCHES "thread")
  # TSan does not see how libgomp's threads wait for each other, and takes every loop that they share for a race. The threads that Patchbay
  # starts itself are what it is asked about.
  list(APPEND patchbay_test_environment OMP_THREAD_LIMIT=1)
endif()

function(patchbay_test_settings name)
  target_link_libraries(${name} PRIVATE patchbay_settings Qt6::Test ${ARGN})
  # What they compute is done by the libraries, as fast as ever; at -O1 they themselves compile in three quarters of the time.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(${name} PRIVATE
    PATCHBAY_SOURCE_DIR="${CMAKE_SOURCE_DIR}" PATCHBAY_BINARY_DIR="${CMAKE_BINARY_DIR}" PATCHBAY_CXX="${CMAKE_CXX_COMPILER}")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endfunction()

# patchbay_scripts(ENVIRONMENT… [LABEL label] [WITHOUT regex]): every test_*.py of the current folder is a test, named after its file; exit code 77:
# something that it needs is not here. ENVIRONMENT: what the scripts are told, such as PATCHBAY_CLI=<file>.
function(patchbay_scripts)
  cmake_parse_arguments(PARSE_ARGV 0 its "" "LABEL;WITHOUT" "ENVIRONMENT")
  find_package(Python3 COMPONENTS Interpreter)
  if(NOT Python3_FOUND)
    return()
  endif()
  file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/test_*.py)
  if(its_WITHOUT)
    list(FILTER scripts EXCLUDE REGEX "${its_WITHOUT}")
  endif()
  foreach(script ${scripts})
    get_filename_component(name ${script} NAME_WE)
    add_test(NAME ${name} COMMAND Python3::Interpreter ${script} -v)
    set_tests_properties(${name} PROPERTIES
      ENVIRONMENT "${its_ENVIRONMENT};PATCHBAY_SOURCE_DIR=${CMAKE_SOURCE_DIR};PYTHONDONTWRITEBYTECODE=1;ASAN_OPTIONS=detect_leaks=0"
      LABELS "${its_LABEL}" SKIP_RETURN_CODE 77 TIMEOUT 900)
  endforeach()
endfunction()

# patchbay_tests(LABEL LIBRARIES… ): every test_*.cpp of the folder LABEL is one Qt Test program, named after its file. They share one
# precompiled header: QTest alone costs two seconds a file.
function(patchbay_tests label)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${label}/test_*.cpp)
  if(NOT files)
    return()
  endif()
  set(pch tests_${label}_pch)
  add_executable(${pch} EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/cmake/precompiled_main.cpp)
  patchbay_test_settings(${pch} ${ARGN})
  target_precompile_headers(${pch} PRIVATE <QTest> <QDir> <QFile> <QRegularExpression> <QString> <QTemporaryDir>)
  if("patchbay_core" IN_LIST ARGN OR "patchbay_ui" IN_LIST ARGN)
    target_precompile_headers(${pch} PRIVATE <nlohmann/json.hpp>)
  endif()
  if("patchbay_widgets" IN_LIST ARGN OR "patchbay_ui" IN_LIST ARGN)
    target_precompile_headers(${pch} PRIVATE <QtWidgets>)
  endif()
  add_custom_target(tests_${label})
  set(moc ${CMAKE_CURRENT_BINARY_DIR}/moc)
  file(MAKE_DIRECTORY ${moc})

  foreach(file ${files})
    get_filename_component(name ${file} NAME_WE)
    qt_generate_moc(${file} ${moc}/${name}.moc)
    add_executable(${name} ${file} ${moc}/${name}.moc)
    patchbay_test_settings(${name} ${ARGN})
    target_include_directories(${name} PRIVATE ${moc})
    target_precompile_headers(${name} REUSE_FROM ${pch})
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "${patchbay_test_environment}" LABELS ${label} TIMEOUT 900)
    add_dependencies(tests_${label} ${name})
  endforeach()
endfunction()
