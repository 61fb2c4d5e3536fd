# What the folders' CMakeLists.txt use. All targets are built with the same
# flags; a folder's links are its allowed includes (tests/layering holds that).
#
#   envknit_library(name SOURCES a.cc… [DEPS …] [PRIVATE_DEPS …])
#       library envknit_<name>, alias envknit::<name>; without SOURCES it is
#       header-only. DEPS are seen by those that link it, PRIVATE_DEPS are not.
#   envknit_executable(name SOURCES main.cc… [DEPS …])
#       goes to ENVKNIT_BIN_DIR.
#   envknit_test(name SOURCES a_test.cc… [DEPS …])
#       GoogleTest executable test_<name>, one ctest entry.
#   envknit_python_module(target OUTPUT_NAME n TAG 311 SOURCES … [COMPILE_IN lib…]
#                         [DEPS …] [OUTPUT_DIRECTORY dir] [INSTALL_DESTINATION dir]
#                         [UNITY] [SANITIZED])
#       an extension module for that CPython minor. COMPILE_IN names folders
#       (frame, ring, pyvalue…) whose sources become part of the module: they are
#       compiled against that minor's headers, once for all its modules, and
#       without sanitizers, since the python that loads the module has none.
#       UNITY compiles SOURCES as one file. SANITIZED is for modules of tests:
#       their python must preload libasan.
#   envknit_add_folder(path)
#       add_subdirectory if that folder has a CMakeLists.txt.
#
# Variables given here:
#   ENVKNIT_BIN_DIR, ENVKNIT_RUNTIME_DIR                  places in the build tree
#   ENVKNIT_INSTALL_{PACKAGE,DAEMON,RUNTIME}_DIR          places in the wheel
# and by python_discovery.cmake:
#   ENVKNIT_PYTHONS                                       tags, e.g. 310;311;312
#   ENVKNIT_PYTHON_<tag>_{EXECUTABLE,INCLUDE,EXT_SUFFIX}
#   ENVKNIT_PYTHON_TAG                                    the build's own Python
#   ENVKNIT_PYBIND11_INCLUDE, ENVKNIT_GOOGLEAPIS_INCLUDE
include_guard(GLOBAL)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set_property(GLOBAL PROPERTY USE_FOLDERS ON)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(ENVKNIT_CCACHE ccache)
if(ENVKNIT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${ENVKNIT_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ENVKNIT_CCACHE})
endif()

# The daemon looks for the workers' modules in runtime/ beside its executable,
# in the build tree as in the wheel.
set(ENVKNIT_BIN_DIR ${CMAKE_BINARY_DIR}/bin)
set(ENVKNIT_RUNTIME_DIR ${ENVKNIT_BIN_DIR}/runtime)
set(ENVKNIT_INSTALL_PACKAGE_DIR envknit)
set(ENVKNIT_INSTALL_DAEMON_DIR envknit/_daemon)
set(ENVKNIT_INSTALL_RUNTIME_DIR envknit/_daemon/runtime)

# Warnings and language settings of our own code only, not of generated code.
add_library(envknit_flags INTERFACE)
target_compile_options(envknit_flags INTERFACE -Wall -Wextra)
if(ENVKNIT_WARNINGS_AS_ERRORS)
  target_compile_options(envknit_flags INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(envknit_flags INTERFACE -Wthread-safety)
endif()

add_library(envknit_include INTERFACE)
add_library(envknit::include ALIAS envknit_include)
target_include_directories(envknit_include INTERFACE
  ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
target_compile_definitions(envknit_include INTERFACE
  ENVKNIT_VERSION="${PROJECT_VERSION}")

include(sanitizers)

function(envknit_add_folder path)
  if(EXISTS ${PROJECT_SOURCE_DIR}/${path}/CMakeLists.txt)
    add_subdirectory(${PROJECT_SOURCE_DIR}/${path} ${PROJECT_BINARY_DIR}/${path})
  endif()
endfunction()

function(envknit_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS;PRIVATE_DEPS")
  envknit_reject_unparsed(${name} "${arg_UNPARSED_ARGUMENTS}")
  set(target envknit_${name})
  if(arg_SOURCES)
    add_library(${target} STATIC ${arg_SOURCES})
    target_link_libraries(${target}
      PUBLIC envknit::include ${arg_DEPS}
      PRIVATE envknit_flags ${arg_PRIVATE_DEPS})
    list(TRANSFORM arg_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/
      REGEX "^[^/]")
    set_property(GLOBAL PROPERTY ENVKNIT_SOURCES_${name} ${arg_SOURCES})
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE envknit::include ${arg_DEPS})
    set_property(GLOBAL PROPERTY ENVKNIT_SOURCES_${name} "")
  endif()
  add_library(envknit::${name} ALIAS ${target})
endfunction()

function(envknit_executable name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS")
  envknit_reject_unparsed(${name} "${arg_UNPARSED_ARGUMENTS}")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE envknit::include envknit_flags ${arg_DEPS})
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${ENVKNIT_BIN_DIR})
endfunction()

function(envknit_test name)
  if(NOT ENVKNIT_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS")
  envknit_reject_unparsed(test_${name} "${arg_UNPARSED_ARGUMENTS}")
  add_executable(test_${name} ${arg_SOURCES})
  target_link_libraries(test_${name} PRIVATE
    envknit::include envknit_flags ${arg_DEPS}
    GTest::gmock GTest::gtest GTest::gtest_main)
  if(ENVKNIT_SANITIZE STREQUAL "thread")
    target_sources(test_${name} PRIVATE
      ${PROJECT_SOURCE_DIR}/tests/sanitizers/absl_synchronization_annotations.cc)
    target_link_libraries(test_${name} PRIVATE absl::synchronization ${CMAKE_DL_LIBS})
  endif()
  set_target_properties(test_${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_dependencies(envknit_tests test_${name})
  add_test(NAME ${name} COMMAND test_${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300)
endfunction()

# What sources need that see Python.
function(envknit_compile_for_python target tag)
  target_compile_definitions(${target} PRIVATE ENVKNIT_VERSION="${PROJECT_VERSION}")
  target_include_directories(${target} PRIVATE
    ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
  target_include_directories(${target} SYSTEM PRIVATE
    ${ENVKNIT_PYTHON_${tag}_INCLUDE} ${ENVKNIT_PYBIND11_INCLUDE})
  target_link_libraries(${target} PRIVATE envknit_flags)
endfunction()

# Makes the folder's sources part of the module; sanitized ones are its own.
function(envknit_compile_in target folder tag sanitized)
  get_property(sources GLOBAL PROPERTY ENVKNIT_SOURCES_${folder})
  if(NOT sources)
    return()
  endif()
  if(sanitized)
    target_sources(${target} PRIVATE ${sources})
    return()
  endif()
  set(objects envknit_${folder}_${tag})
  if(NOT TARGET ${objects})
    add_library(${objects} OBJECT EXCLUDE_FROM_ALL ${sources})
    envknit_compile_for_python(${objects} ${tag})
  endif()
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
endfunction()

function(envknit_python_module target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "UNITY;SANITIZED"
    "OUTPUT_NAME;TAG;OUTPUT_DIRECTORY;INSTALL_DESTINATION"
    "SOURCES;COMPILE_IN;DEPS")
  envknit_reject_unparsed(${target} "${arg_UNPARSED_ARGUMENTS}")
  set(sanitized OFF)
  if(arg_SANITIZED AND ENVKNIT_SANITIZE STREQUAL "address")
    set(sanitized ON)
  endif()
  add_library(${target} MODULE ${arg_SOURCES})
  envknit_compile_for_python(${target} ${arg_TAG})
  foreach(folder IN LISTS arg_COMPILE_IN)
    envknit_compile_in(${target} ${folder} ${arg_TAG} ${sanitized})
  endforeach()
  target_link_libraries(${target} PRIVATE ${arg_DEPS})
  if(arg_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
  endif()
  if(sanitized)
    target_compile_options(${target} PRIVATE ${ENVKNIT_SANITIZE_FLAGS})
    target_link_options(${target} PRIVATE ${ENVKNIT_SANITIZE_FLAGS})
  else()
    target_link_options(${target} PRIVATE -static-libstdc++ -static-libgcc)
  endif()
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME ${arg_OUTPUT_NAME}
    SUFFIX ${ENVKNIT_PYTHON_${arg_TAG}_EXT_SUFFIX})
  if(arg_OUTPUT_DIRECTORY)
    set_target_properties(${target} PROPERTIES
      LIBRARY_OUTPUT_DIRECTORY ${arg_OUTPUT_DIRECTORY})
  endif()
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_custom_command(TARGET ${target} POST_BUILD
      COMMAND ${CMAKE_STRIP} --strip-unneeded $<TARGET_FILE:${target}> VERBATIM)
  endif()
  if(arg_INSTALL_DESTINATION)
    install(TARGETS ${target} COMPONENT python
      LIBRARY DESTINATION ${arg_INSTALL_DESTINATION})
  endif()
endfunction()

function(envknit_reject_unparsed name unparsed)
  if(unparsed)
    message(FATAL_ERROR "${name}: unknown arguments: ${unparsed}")
  endif()
endfunction()
